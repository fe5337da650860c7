/** A password that must be changed is good for one thing: setting another one, in the log-in itself. */
import { type LoginRequest, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { requireAcceptablePassword } from '../passwords/passwordPolicy.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { AccountForLogin } from '../store/accounts.ts'
import { changePassword } from '../store/changeAccount.ts'
import { writeAudit } from '../store/writeAudit.ts'

/**
 * The old password was right.
 * @returns the hash of the new password; undefined when the account changed in the meantime
 * @throws Refusal `password-change-required` when no new password came along, `request-malformed` when it will not do
 */
export async function forcePasswordChange(
  { db, passwords }: { db: PrismaClient; passwords: Passwords },
  { account, request }: { account: AccountForLogin; request: LoginRequest },
  clientInfo: ClientInfo,
): Promise<string | undefined> {
  const { email, password, newPassword } = request
  if (newPassword === undefined) throw new ProblemError('password-change-required', 'a password that must be changed')
  requireAcceptablePassword(newPassword, { field: 'body/newPassword', email })
  if (newPassword === password) {
    const field = { field: 'body/newPassword', reason: 'must be another one' }
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

/** Ignoring it would leave somebody in the belief that the password was changed. */
export function rejectUnexpectedNewPassword({ newPassword }: LoginRequest): void {
  if (newPassword === undefined) return
  const field = { field: 'body/newPassword', reason: 'is taken only when the password must be changed' }
  throw new ProblemError('request-malformed', 'a new password that nobody asked for', { fields: [field] })
}
