/** The problems of a limit of wrong passwords. */
import { ProblemError } from '@gatehouse/contract'
import { rateLimited } from './rateLimitFields.ts'

/** The window in which wrong passwords are counted, but for the ceiling of an account. */
export const passwordWindowSeconds = 15 * 60

export function knownDeviceRequired(): ProblemError {
  return new ProblemError('known-device-required', 'too many wrong passwords for the account')
}

export function tooManyPasswords({ max, leftMs }: { max: number; leftMs: number }): ProblemError {
  const window = { policy: 'log-in', windowSeconds: passwordWindowSeconds }
  return rateLimited({ ...window, quota: max, resetMs: leftMs }, 'too many wrong passwords')
}
