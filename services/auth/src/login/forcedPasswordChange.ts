/** Changes a password during log-in when it must be changed: such a password starts no session. */
import { type LoginRequest, ProblemError } from '@gatehouse/contract'
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
    const field = { field: 'body/newPassword', reason: 'must differ from the current password' }
    throw new ProblemError('request-malformed', 'the new password is the old one', { fields: [field] })
  }
  const to = await passwords.hash(newPassword)
  return db.$transaction(async tx => {
    if (!(await changePassword(tx, { id: account.id, from: account.passwordHash, to }))) return undefined
    const { address, requestId } = clientInfo
    const who = { actor: account.id, reason: null, address, requestId }
    await writeAudit(tx, { ...who, action: 'user.change-password', target: account.id, outcome: 'done', detail: {} })
    return to
  })
}

/** A new password that is silently ignored would look changed to the user. */
export function rejectUnexpectedNewPassword({ newPassword }: LoginRequest): void {
  if (newPassword === undefined) return
  const field = { field: 'body/newPassword', reason: 'is accepted only when the password must be changed' }
  throw new ProblemError('request-malformed', 'a new password although no change is required', { fields: [field] })
}
