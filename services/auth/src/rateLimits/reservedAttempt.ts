/** Counts attempts before they are made, so that a burst of them gets no more answers than the limit allows. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { rateLimited } from './rateLimitFields.ts'
import type { SharedCounter } from './sharedCounter.ts'

export interface AttemptLimit {
  counter: SharedCounter
  key: string
  /** Name of the policy in the `RateLimit` fields. */
  policy: string
  windowSeconds: number
  /** Whether this problem counts against the client. Any other end takes the count back. */
  isCounted: (code: ProblemCode) => boolean
  /** Writes the audit entry when the limit is reached. */
  onLimitReached: () => Promise<void>
}

/** @throws ProblemError `rate-limited` when earlier or concurrent attempts have used the limit up; what `action` throws */
export async function withReservedAttempt<Result>(
  { counter, key, policy, windowSeconds, isCounted, onLimitReached }: AttemptLimit,
  action: () => Promise<Result>,
): Promise<Result> {
  const { points, leftMs } = await counter.add(key)
  if (points > counter.max)
    throw rateLimited({ policy, quota: counter.max, windowSeconds, resetMs: leftMs }, `too many failures: ${policy}`)
  // The answer holds even when the count cannot be taken back because the database is unavailable.
  const takeBack = () => counter.takeBack(key).catch(() => undefined)
  try {
    const result = await action()
    await takeBack()
    return result
  } catch (error) {
    const isFailure = error instanceof ProblemError && isCounted(error.code)
    if (!isFailure) await takeBack()
    else if (points === counter.max) await onLimitReached()
    throw error
  }
}
