/** The durations of the simulated system, in proportions like those of the real one. */
import type { LeaseRules } from '../src/index.ts'
import type { Random } from './random.ts'

export interface Durations {
  lease: LeaseRules
  holdMs: number
  /** The timeout of a poll. */
  timeoutMs: number
  tokenMs: number
  /** How long an entry is kept: the longest token lifetime and a margin. */
  retentionMs: number
  retryWindowMs: number
  /**
   * How far the database's clock can step forward during a lease. The rest of the margin is for
   * drift.
   */
  databaseStepMs: number
  /** How far the wall clocks of guards can be from true time; also several token lifetimes. */
  wallSkewMs: number
  /** How long after its time stamp a revocation can be committed. */
  slowCommitMs: number
  /** How long the commit that changes the feed's identity can take. */
  slowAdoptionMs: number
  /** After this time a barrier reads the guards again without a notification. */
  rereadMs: number
  heartbeatMs: number
  /** How long after the headers of a request its body can end. */
  slowBodyMs: number
  stormMs: number
  calmMs: number
}

export function chooseDurations(random: Random): Durations {
  const leaseMs = 1000
  const tokenMs = random.pick([1000, 2000])
  const databaseStepMs = random.pick([0, 0, 20, 100])
  const wallSkewMs = random.pick([5, 200, 5000])
  const slowCommitMs = 20
  const stormMs = 3500
  const calmMs = 1800
  return {
    lease: { leaseMs, marginMs: 0.01 * leaseMs + databaseStepMs + 1, pageSize: 3 },
    holdMs: 250,
    timeoutMs: 350,
    tokenMs,
    // One clock judges entries and tokens, so the margin covers only tokens issued between the time
    // stamp and the commit.
    retentionMs: tokenMs + databaseStepMs + slowCommitMs + 1,
    retryWindowMs: random.pick([30, 100]),
    databaseStepMs,
    wallSkewMs,
    slowCommitMs,
    slowAdoptionMs: 300,
    rereadMs: 20,
    heartbeatMs: 150,
    slowBodyMs: 600,
    stormMs,
    calmMs,
  }
}
