/** What the guard tells Prometheus. Gauges are read when asked for, so a request that passes costs nothing. */
import type { ProblemCode } from '@gatehouse/contract'
import { Counter, Gauge, type Registry } from 'prom-client'

/** The figures that gauges read. */
export interface GuardReadings {
  leaseLeftMs: number
  cursor: number | null
  entriesHeld: number
  tokensCached: number
  streamsOpen: number
}

export interface GuardMetrics {
  countRefusal(code: ProblemCode): void
  countUnknownAllowed(): void
  countLapse(): void
  countPoll(result: string): void
}

/** @param registry the caller's; without one nothing is counted */
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
  gauge('lease_left_seconds', 'How long the guard may still decide; 0 is not at all.', now => now.leaseLeftMs / 1000)
  gauge('cursor', 'Every revocation up to this number is applied.', now => now.cursor ?? 0)
  gauge('entries_held', 'Revocations in memory.', now => now.entriesHeld)
  gauge('token_cache_size', 'Verified tokens in memory.', now => now.tokensCached)
  gauge('streams_open', 'Open streams that revocations can close.', now => now.streamsOpen)

  const refusals = new Counter({ ...named('refusals_total', 'Requests refused, by code.'), labelNames: ['code'] })
  const allowed = new Counter(named('unknown_allowed_total', 'Requests let pass while revocation was unknown.'))
  const lapses = new Counter(named('lapses_total', 'How often the lease ran out.'))
  const polls = new Counter({ ...named('polls_total', 'Polls of the feed, by result.'), labelNames: ['result'] })
  return {
    countRefusal: code => refusals.inc({ code }),
    countUnknownAllowed: () => allowed.inc(),
    countLapse: () => lapses.inc(),
    countPoll: result => polls.inc({ result }),
  }
}
