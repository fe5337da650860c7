/** Limits wrong passwords of users who are logged in: at a password change and at a reauthentication. */
import type { SharedCounter } from './sharedCounter.ts'
import { knownDeviceRequired, tooManyPasswords } from './tooManyFailures.ts'

/** An attempt that is counted as a failure until one of these is called. */
export interface ReservedAttempt {
  /** The password was right: forgets the failures in sessions of the account. */
  succeed: () => Promise<void>
  /** No password was verified. */
  cancel: () => Promise<void>
}

export interface SessionAttemptCounters {
  perWindow: SharedCounter
  /** Until a log-in or an attempt succeeds. */
  total: SharedCounter
}

/**
 * Failures at log-in do not count here: otherwise an attacker could keep a logged-in user from these actions.
 * @returns a function that counts an attempt before its password is verified; it throws ProblemError `rate-limited`, and
 * `known-device-required` at the ceiling
 */
export function sessionAttempts({ perWindow, total }: SessionAttemptCounters) {
  return async ({ id, account }: { id: string; account: string }): Promise<ReservedAttempt> => {
    const { points, leftMs } = await perWindow.add(id)
    if (points > perWindow.max) throw tooManyPasswords({ max: perWindow.max, leftMs })
    const giveBack = () => perWindow.takeBack(id)
    const cancel = async () => {
      await Promise.all([giveBack(), total.takeBack(account)])
    }
    const { points: failures } = await total.add(account)
    if (failures > total.max) {
      await cancel()
      throw knownDeviceRequired()
    }
    const succeed = async () => {
      await Promise.all([giveBack(), total.forget(account)])
    }
    return { cancel, succeed }
  }
}
