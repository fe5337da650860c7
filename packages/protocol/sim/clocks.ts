/** The clocks of one machine: a monotonic clock that stops while suspended, and a wall clock that can be set. */
import type { Instant } from '../src/index.ts'

export interface MachineClock {
  read: () => Instant
  /** Stops the monotonic clock for this time, from now on. */
  suspend: (forMs: number) => void
  /** Sets the wall clock, keeping it within the given distance of true time. */
  step: (byMs: number, withinMs: number) => void
}

export interface ClockOptions {
  trueMs: () => number
  /** Clock milliseconds per true millisecond. Any two machines are within 1 % of each other. */
  rate: number
  wallOffsetMs: number
}

/** The first reading of a correct wall clock: small, so that rounding does not merge two events. */
const wallZeroMs = 1_000_000

export function createMachineClock({ trueMs, rate, wallOffsetMs }: ClockOptions): MachineClock {
  let offsetMs = wallOffsetMs
  let lostMs = 0
  let stoppedAtMs = 0
  let stoppedUntilMs = 0

  const lost = () => lostMs + Math.max(0, Math.min(trueMs(), stoppedUntilMs) - stoppedAtMs)

  const read = () => ({
    nowMs: (trueMs() - lost()) * rate,
    wallMs: wallZeroMs + offsetMs + trueMs() * rate,
  })
  const suspend: MachineClock['suspend'] = forMs => {
    lostMs = lost()
    stoppedAtMs = trueMs()
    stoppedUntilMs = stoppedAtMs + forMs
  }
  const step: MachineClock['step'] = (byMs, withinMs) => {
    offsetMs = Math.max(-withinMs, Math.min(withinMs, offsetMs + byMs))
  }
  return { read, suspend, step }
}
