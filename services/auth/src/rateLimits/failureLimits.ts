/** Limits failures over all replicas. Successes are not counted and cost no statement. */
import type { Clock } from '@gatehouse/clock'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import type { QueryRaw } from '../database/rawSql.ts'
import { boundedMap } from './boundedMap.ts'
import { rateLimited } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

/** Whether failures are counted each with a statement, or summed in memory first: four statements for a whole quota. */
export type Counting = 'each' | 'summed'

export interface FailureLimits {
  /** Reads memory only. @throws ProblemError `rate-limited` */
  requireAllowed: (key: string) => void
  /**
   * Counts a failure in the database. A replica learns of a block with its first own failure.
   * @returns whether this failure reached the limit: true once per window, for the audit log
   */
  recordFailure: (key: string, counting?: Counting) => Promise<boolean>
}

export interface FailureLimitOptions {
  db: QueryRaw
  clock: Clock
  /** Name of the policy in the `RateLimit` fields. */
  policy: string
  /** Failures per window of 60 seconds. */
  quota: number
}

const windowSeconds = 60
/** Bounds memory: beyond it the oldest block is forgotten, and learnt again from the database. */
const maxBlockedKeys = 100_000

export function failureLimits({ db, clock, policy, quota }: FailureLimitOptions): FailureLimits {
  const counter = sharedCounter({ db, keyPrefix: policy, max: quota, windowSeconds })
  const blockedUntilMs = boundedMap<number>(maxBlockedKeys)
  const sum = failureSums({ clock, step: Math.max(1, Math.ceil(quota / 4)) })

  const requireAllowed = (key: string) => {
    const resetMs = (blockedUntilMs.get(key) ?? 0) - clock.nowMs()
    if (resetMs > 0) throw rateLimited({ policy, quota, windowSeconds, resetMs }, `too many failures: ${policy}`)
    blockedUntilMs.delete(key)
  }

  const recordFailure: FailureLimits['recordFailure'] = async (key, counting = 'each') => {
    const points = counting === 'each' ? 1 : sum(key)
    if (points === 0) return false
    const { points: counted, leftMs } = await counter.add(key, points)
    if (counted < quota) return false
    blockedUntilMs.set(key, clock.nowMs() + leftMs)
    return counted - points < quota
  }
  return { requireAllowed, recordFailure }
}

/** @returns a function that counts in memory and returns the sum to be written; 0 while it is below `step` */
function failureSums({ clock, step }: { clock: Clock; step: number }): (key: string) => number {
  const sums = boundedMap<{ points: number; untilMs: number }>(maxBlockedKeys)
  return key => {
    const nowMs = clock.nowMs()
    const known = sums.get(key)
    const points = (known !== undefined && nowMs < known.untilMs ? known.points : 0) + 1
    sums.delete(key)
    if (points >= step) return points
    sums.set(key, { points, untilMs: nowMs + windowSeconds * 1000 })
    return 0
  }
}

export interface FailureLimitUse {
  limits: FailureLimits
  key: string
  counting?: Counting
  /** The action is run although the limit is reached; its failures are counted all the same. */
  isExempt?: boolean
  /** Whether this problem counts against the client. */
  isCounted: (outcome: ProblemCode) => boolean
  /** Writes the audit entry when the limit is reached. */
  onLimitReached: () => Promise<void>
}

/** Runs an action under its failure limit. */
export async function withFailureLimit<Result>(
  { limits, key, counting = 'each', isExempt = false, isCounted, onLimitReached }: FailureLimitUse,
  action: () => Promise<Result>,
): Promise<Result> {
  if (!isExempt) limits.requireAllowed(key)
  try {
    return await action()
  } catch (error) {
    const isFailure = error instanceof ProblemError && isCounted(error.code)
    // The refusal holds even when the failure cannot be counted because the database is unavailable.
    const isLimitReached = isFailure && (await limits.recordFailure(key, counting).catch(() => false))
    if (isLimitReached) await onLimitReached()
    throw error
  }
}
