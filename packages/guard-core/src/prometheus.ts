/** The guard's metrics for Prometheus. Gauges are read at the scrape, so a request that passes costs nothing. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { GuardState } from './guardApi.ts'
import type { CreateGuardMetrics, GuardMetrics } from './metrics.ts'

/**
 * Creates the guard's metrics, for the option `metrics`.
 * @param registry the service's registry
 * @example
 * createGuard({ ...options, metrics: prometheusMetrics(registry) })
 */
export function prometheusMetrics(registry: Registry): CreateGuardMetrics {
  return state => registered(registry, state)
}

function registered(registry: Registry, state: () => GuardState): GuardMetrics {
  const registers = [registry]
  const named = (name: string, help: string) => ({ name: `gatehouse_guard_${name}`, help, registers })
  const gauge = (name: string, help: string, pick: (state: GuardState) => number) => {
    new Gauge({
      ...named(name, help),
      collect() {
        this.set(pick(state()))
      },
    })
  }
  gauge('lease_left_seconds', 'Time until the lease ends; 0 without a lease.', now => now.leaseLeftMs / 1000)
  gauge('cursor', 'The guard has applied every revocation up to this number.', now => now.cursor ?? 0)
  gauge('entries_held', 'Revocations in memory.', now => now.entriesHeld)
  gauge('token_cache_size', 'Verified tokens in memory.', now => now.tokensCached)
  gauge('streams_open', 'Open streams that the guard tracks.', now => now.streamsOpen)
  gauge(
    'clock_offset_seconds',
    "Wall clock of this host minus the database's time. No decision depends on it.",
    now => (now.clockOffsetMs ?? 0) / 1000,
  )

  const refusals = new Counter({ ...named('refusals_total', 'Refused requests by code.'), labelNames: ['code'] })
  const allowed = new Counter(named('unknown_allowed_total', 'Requests that passed without a lease.'))
  const lapses = new Counter(named('lapses_total', 'How often the lease ended before it was extended.'))
  const polls = new Counter({ ...named('polls_total', 'Polls of the feed by result.'), labelNames: ['result'] })
  return {
    countRefusal: code => refusals.inc({ code }),
    countUnknownAllowed: () => allowed.inc(),
    countLapse: () => lapses.inc(),
    countPoll: result => polls.inc({ result }),
  }
}
