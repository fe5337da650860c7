/** Changes a password during log-in when it must be changed: such a password starts no session. */
import { type LoginRequest, malformed, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { normalizePassword } from '../passwords/argon2.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { AccountForLogin } from '../store/accounts.ts'
import { changePassword } from '../store/updateAccount.ts'
import { writeAudit } from '../store/writeAudit.ts'

/**
 * Replaces the password of an account whose old password has been verified.
 * @returns the hash of the new password; undefined when the account has changed since it was read
 * @throws ProblemError `password-change-required` when the request has no new password, `request-malformed` when it is not acceptable
 */
export async function forcePasswordChange(
  { db, passwords }: { db: PrismaClient; passwords: Passwords },
  { account, request }: { account: AccountForLogin; request: LoginRequest },
  clientInfo: ClientInfo,
): Promise<string | undefined> {
  const { email, password, newPassword } = request
  if (newPassword === undefined) throw new ProblemError('password-change-required', 'a password that must be changed')
  passwords.requireAcceptable(newPassword, { field: 'body/newPassword', email })
  if (normalizePassword(newPassword) === normalizePassword(password)) {
    throw malformed('body/newPassword', 'must differ from the current password')
  }
  const to = await passwords.hash(newPassword)
  return db.$transaction(async tx => {
    if (!(await changePassword(tx, { id: account.id, from: account.passwordHash, to }))) return undefined
    await writeAudit(tx, { actor: account.id, ...clientInfo }, { action: 'user.change-password', target: account.id })
    return to
  })
}

/** A new password that is silently ignored would look changed to the user. */
export function rejectUnexpectedNewPassword({ newPassword }: LoginRequest): void {
  if (newPassword === undefined) return
  throw malformed('body/newPassword', 'is accepted only when the password must be changed')
}
