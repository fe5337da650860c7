/** The guard's metrics for Prometheus. Gauges are read at the scrape, so a request that passes costs nothing. */
import type { ProblemCode } from '@gatehouse/contract'
import { Counter, Gauge, type Registry } from 'prom-client'

/** The values that the gauges show. */
export interface GuardReadings {
  leaseLeftMs: number
  cursor: number | null
  entriesHeld: number
  tokensCached: number
  streamsOpen: number
  clockOffsetMs: number | null
}

export interface GuardMetrics {
  countRefusal(code: ProblemCode): void
  countUnknownAllowed(): void
  countLapse(): void
  countPoll(result: string): void
}

/**
 * @param registry the service's registry; without one nothing is counted
 * @param read reads the values of the gauges
 */
export function guardMetrics(registry: Registry | undefined, read: () => GuardReadings): GuardMetrics {
  if (registry === undefined) return { countRefusal() {}, countUnknownAllowed() {}, countLapse() {}, countPoll() {} }
  const registers = [registry]
  const named = (name: string, help: string) => ({ name: `gatehouse_guard_${name}`, help, registers })
  const gauge = (name: string, help: string, pick: (readings: GuardReadings) => number) => {
    new Gauge({
      ...named(name, help),
      collect() {
        this.set(pick(read()))
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
