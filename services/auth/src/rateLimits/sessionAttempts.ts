/** Limits wrong passwords of users who are logged in: at a password change and at a reauthentication. */
import type { RateLimiterPostgres } from 'rate-limiter-flexible'
import { rateLimited, tooManyFailures } from './tooManyFailures.ts'

/** An attempt that is counted as a failure until one of these is called. */
export interface ReservedAttempt {
  /** The password was right: forgets the failures in sessions of the account. */
  succeed: () => Promise<void>
  /** No password was verified. */
  cancel: () => Promise<void>
}

export interface SessionAttemptCounters {
  perWindow: RateLimiterPostgres
  /** Until a log-in or an attempt succeeds. */
  total: RateLimiterPostgres
}

/**
 * Failures at log-in do not count here: otherwise anybody could keep the user of a session from its actions.
 * @returns a function that counts an attempt before its password is verified; it throws ProblemError `rate-limited`, and
 * `known-device-required` at the ceiling
 */
export function sessionAttempts({ perWindow, total }: SessionAttemptCounters) {
  return async ({ id, account }: { id: string; account: string }): Promise<ReservedAttempt> => {
    const { consumedPoints, msBeforeNext: leftMs } = await perWindow.penalty(id)
    if (consumedPoints > perWindow.points) throw rateLimited({ max: perWindow.points, leftMs })
    const giveBack = () => perWindow.reward(id)
    const cancel = async () => {
      await Promise.all([giveBack(), total.reward(account)])
    }
    const { consumedPoints: failures } = await total.penalty(account)
    if (failures > total.points) {
      await cancel()
      throw tooManyFailures()
    }
    const succeed = async () => {
      await Promise.all([giveBack(), total.delete(account)])
    }
    return { cancel, succeed }
  }
}
