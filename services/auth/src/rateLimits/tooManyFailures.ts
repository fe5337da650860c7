/** The problems of a limit of wrong passwords. */
import { ProblemError } from '@gatehouse/contract'
import { rateLimitFields } from './rateLimitFields.ts'

/** The window in which wrong passwords are counted, but for the ceiling of an account. */
export const passwordWindowSeconds = 15 * 60

export function tooManyFailures(): ProblemError {
  return new ProblemError('known-device-required', 'too many wrong passwords for the account')
}

export function rateLimited({ max, leftMs }: { max: number; leftMs: number }): ProblemError {
  const window = { policy: 'log-in', windowSeconds: passwordWindowSeconds }
  const headers = rateLimitFields({ ...window, quota: max, remaining: 0, resetMs: leftMs })
  return new ProblemError('rate-limited', 'too many wrong passwords', { retryAfterSeconds: leftMs / 1000, headers })
}
