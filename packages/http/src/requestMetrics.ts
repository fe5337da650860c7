/** Requests for Prometheus: how many, how they ended and how long they took, by route. */
import type { Clock } from '@gatehouse/clock'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic; 0 where no hook of ours has seen the request. */
    beganMs: number
  }
}

export interface RequestMetrics {
  /** To be registered before the routes; those registered earlier are not counted. */
  plugin: (app: FastifyInstance) => Promise<void>
  /** What Prometheus reads: the histogram `http_request_duration_seconds`. */
  text: () => string
}

interface Series {
  labels: string
  /** How many ended within each limit and not within the one before it; the last of them is without limit. */
  counts: Float64Array
  sumMs: number
}

const limitsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 40_000]
const name = 'http_request_duration_seconds'
const about = [
  `# HELP ${name} From the head of a request until its answer was ready to be sent, by route.`,
  `# TYPE ${name} histogram`,
]

/**
 * Not by prom-client's histogram, which makes a text of the labels at each request: half a microsecond, of the twenty that
 * a guarded route takes. Here a request costs two readings of the clock, one of
 * Fastify's `routeOptions` (a third of a microsecond, and the only public way to a route's pattern) and an addition.
 */
export function requestMetrics(clock: Clock): RequestMetrics {
  const series: Series[] = []
  const known = new Map<object, Map<string, Series[]>>()

  return {
    plugin: fastifyPlugin(measure, { name: '@gatehouse/request-metrics', fastify: '5.x' }),
    text: () => [...about, ...series.flatMap(linesOf), ''].join('\n'),
  }

  async function measure(app: FastifyInstance): Promise<void> {
    app.decorateRequest('beganMs', 0)
    app.addHook('onRequest', (request, _reply, done) => {
      request.beganMs = clock.nowMs()
      done()
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      if (request.beganMs > 0) add(seriesOf(request, reply.statusCode), clock.nowMs() - request.beganMs)
      done(null, payload)
    })
  }

  /** By the pattern of a route and never by an address, which callers choose: the number of series is bounded. */
  function seriesOf({ routeOptions: { config }, method }: FastifyRequest, status: number): Series {
    const byMethod = known.get(config) ?? new Map<string, Series[]>()
    const byStatus = byMethod.get(method) ?? []
    const found = byStatus[status]
    if (found !== undefined) return found
    const labels = `method="${method}",route="${escaped(config.url ?? 'none')}",status="${status}"`
    const made = { labels, counts: new Float64Array(limitsMs.length + 1), sumMs: 0 }
    series.push(made)
    byStatus[status] = made
    known.set(config, byMethod.set(method, byStatus))
    return made
  }
}

function add(series: Series, ms: number): void {
  let at = 0
  while (at < limitsMs.length && ms > (limitsMs[at] ?? 0)) at += 1
  series.counts[at] = (series.counts[at] ?? 0) + 1
  series.sumMs += ms
}

function linesOf({ labels, counts, sumMs }: Series): string[] {
  let total = 0
  const buckets = Array.from(counts, (count, at) => {
    total += count
    const limit = limitsMs[at]
    return `${name}_bucket{${labels},le="${limit === undefined ? '+Inf' : limit / 1000}"} ${total}`
  })
  return [...buckets, `${name}_sum{${labels}} ${sumMs / 1000}`, `${name}_count{${labels}} ${total}`]
}

/** As the text format of Prometheus wants it. */
function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
