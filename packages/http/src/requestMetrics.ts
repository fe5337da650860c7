/** Requests for Prometheus: how many, how they ended and how long they took, by route. */
import type { Clock } from '@gatehouse/clock'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic; 0 where no hook of ours has seen the request. */
    startedAtMs: number
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

const bucketLimitsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 40_000]
const name = 'http_request_duration_seconds'
const header = [
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
  const seriesByConfig = new Map<object, Map<string, Series[]>>()

  return {
    plugin: fastifyPlugin(measure, { name: '@gatehouse/request-metrics', fastify: '5.x' }),
    text: () => [...header, ...series.flatMap(linesOf), ''].join('\n'),
  }

  async function measure(app: FastifyInstance): Promise<void> {
    app.decorateRequest('beganMs', 0)
    app.addHook('onRequest', (request, _reply, done) => {
      request.startedAtMs = clock.nowMs()
      done()
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      if (request.startedAtMs > 0) add(seriesOf(request, reply.statusCode), clock.nowMs() - request.startedAtMs)
      done(null, payload)
    })
  }

  /** By the pattern of a route and never by an address, which callers choose: the number of series is bounded. */
  function seriesOf({ routeOptions: { config }, method }: FastifyRequest, status: number): Series {
    const byMethod = seriesByConfig.get(config) ?? new Map<string, Series[]>()
    const byStatus = byMethod.get(method) ?? []
    const existing = byStatus[status]
    if (existing !== undefined) return existing
    const labels = `method="${method}",route="${escaped(config.url ?? 'none')}",status="${status}"`
    const created = { labels, counts: new Float64Array(bucketLimitsMs.length + 1), sumMs: 0 }
    series.push(created)
    byStatus[status] = created
    seriesByConfig.set(config, byMethod.set(method, byStatus))
    return created
  }
}

function add(series: Series, ms: number): void {
  let index = 0
  while (index < bucketLimitsMs.length && ms > (bucketLimitsMs[index] ?? 0)) index += 1
  series.counts[index] = (series.counts[index] ?? 0) + 1
  series.sumMs += ms
}

function linesOf({ labels, counts, sumMs }: Series): string[] {
  let total = 0
  const buckets = Array.from(counts, (count, index) => {
    total += count
    const limit = bucketLimitsMs[index]
    return `${name}_bucket{${labels},le="${limit === undefined ? '+Inf' : limit / 1000}"} ${total}`
  })
  return [...buckets, `${name}_sum{${labels}} ${sumMs / 1000}`, `${name}_count{${labels}} ${total}`]
}

/** As the text format of Prometheus wants it. */
function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
