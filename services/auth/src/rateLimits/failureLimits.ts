/** Bounds what fails, over all replicas; what succeeds is never counted, so it costs no statement more. */
import type { Clock } from '@gatehouse/clock'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import type pg from 'pg'
import { rateLimitFields } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

export interface FailureLimits {
  /** Asks memory only. @throws Refusal `rate-limited` */
  requireAllowed: (key: string) => void
  /**
   * Counts in the database. A replica that has not heard of a block yet learns of it with its first failure.
   * `spent` says that this failure was the last: it is said once, for the audit log.
   */
  recordFailure: (key: string) => Promise<'spent' | undefined>
}

export interface FailureLimitOptions {
  pool: pg.Pool
  clock: Clock
  /** What is limited, in a word. */
  policy: string
  /** Failures in a window. */
  quota: number
}

const windowSeconds = 60
/** More keys than this are blocked at once only in an attack; the oldest are forgotten, and learnt again. */
const maxBlockedKeys = 100_000

export function failureLimits({ pool, clock, policy, quota }: FailureLimitOptions): FailureLimits {
  const counter = sharedCounter({ pool, keyPrefix: policy, points: quota, windowSeconds })
  const blockedUntilMs = new Map<string, number>()

  const requireAllowed = (key: string) => {
    const resetMs = (blockedUntilMs.get(key) ?? 0) - clock.nowMs()
    if (resetMs > 0) {
      const headers = rateLimitFields({ policy, quota, windowSeconds, remaining: 0, resetMs })
      throw new ProblemError('rate-limited', `too many failures: ${policy}`, {
        retryAfterSeconds: resetMs / 1000,
        headers,
      })
    }
    blockedUntilMs.delete(key)
  }

  const recordFailure: FailureLimits['recordFailure'] = async key => {
    const { consumedPoints, msBeforeNext } = await counter.penalty(key)
    if (consumedPoints < quota) return undefined
    blockedUntilMs.set(key, clock.nowMs() + msBeforeNext)
    const [oldest] = blockedUntilMs.keys()
    if (blockedUntilMs.size > maxBlockedKeys && oldest !== undefined) blockedUntilMs.delete(oldest)
    return consumedPoints === quota ? 'spent' : undefined
  }
  return { requireAllowed, recordFailure }
}

export interface FailureLimitUse {
  limits: FailureLimits
  key: string
  /** Whether this refusal says something against whoever asks. */
  isCounted: (outcome: ProblemCode) => boolean
  /** Writes down that from now on it is refused. */
  onLimitReached: () => Promise<void>
}

/** Runs what may fail under its limit. */
export async function withFailureLimit<Result>(
  { limits, key, isCounted, onLimitReached }: FailureLimitUse,
  action: () => Promise<Result>,
): Promise<Result> {
  limits.requireAllowed(key)
  try {
    return await action()
  } catch (error) {
    const isFailure = error instanceof ProblemError && isCounted(error.code)
    // A count that is lost while the database is away does not make the refusal any less certain.
    const recorded = isFailure ? await limits.recordFailure(key).catch(() => undefined) : undefined
    if (recorded === 'spent') await onLimitReached()
    throw error
  }
}
