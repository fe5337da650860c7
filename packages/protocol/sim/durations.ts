/** The durations of the simulated system, in proportions like the real ones. */
import type { LeaseRules } from '../src/index.ts'
import type { Random } from './random.ts'

export interface Durations {
  lease: LeaseRules
  holdMs: number
  /** A guard gives a poll up after it. */
  timeoutMs: number
  tokenMs: number
  /** The longest token lifetime and the margin over it. */
  retentionMs: number
  retryWindowMs: number
  /** How far the database's clock may step forward during a lease: the rest of the margin is for drift. */
  databaseStepMs: number
  /** How far wall clocks may be from true time. */
  wallSkewMs: number
  /** How long after its stamp a revocation is committed, and a token made. */
  slowCommitMs: number
  stormMs: number
  calmMs: number
}

export function chooseDurations(random: Random): Durations {
  const leaseMs = 1000
  const tokenMs = 1000
  const databaseStepMs = random.pick([0, 0, 20, 100])
  const wallSkewMs = random.pick([5, 200])
  const slowCommitMs = 20
  const stormMs = 3500
  const calmMs = 1800
  const driftMs = 0.01 * (stormMs + calmMs)
  return {
    lease: { leaseMs, marginMs: 0.01 * leaseMs + databaseStepMs + 1, pageSize: 3 },
    holdMs: 250,
    timeoutMs: 350,
    tokenMs,
    // A wall clock may judge an entry at one end of its skew and the token at the other.
    retentionMs: tokenMs + 2 * (wallSkewMs + driftMs + databaseStepMs + slowCommitMs),
    retryWindowMs: random.pick([30, 100]),
    databaseStepMs,
    wallSkewMs,
    slowCommitMs,
    stormMs,
    calmMs,
  }
}
