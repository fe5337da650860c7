/** Confirms the password within a session: the next access tokens carry a new `auth_time` (RFC 9470). */
import { conflict, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import type { ActorContext } from '../http/actorContext.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits } from '../rateLimits/loginLimits.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import { findAccountById } from '../store/accounts.ts'
import { reauthenticateSession } from '../store/reauthenticateSession.ts'
import { writeAudit } from '../store/writeAudit.ts'

export interface ReauthenticateDeps {
  db: PrismaClient
  rawSql: QueryRaw
  passwords: Passwords
  limits: LoginLimits
}

export interface ReauthenticationAttempt {
  password: string
  context: ActorContext & { address: string; requestId: string }
}

/**
 * The session continues whatever the answer is, and its refresh token stays the same.
 * @throws ProblemError `password-wrong`, `conflict` when the password changed meanwhile, `rate-limited`,
 * `known-device-required`, `overloaded`, and the codes of `ReadActor`
 */
export async function reauthenticate(
  deps: ReauthenticateDeps,
  { password, context }: ReauthenticationAttempt,
): Promise<AccessTokenContents> {
  const { db, rawSql, passwords, limits } = deps
  const { actor: accountId, sid: sessionId, address, requestId } = context
  // A session that ended while the body arrived must not test passwords.
  await context.readActor(db)
  const account = await findAccountById(db, accountId)
  const attempt = await limits.reserveAttempt({ id: accountId, email: account?.email ?? '' })
  try {
    if (account === undefined || !(await passwords.verify(password, account.passwordHash))) throw wrongPassword()
    const { passwordHash } = account
    const contents = await reauthenticateSession(rawSql, { sessionId, accountId, passwordHash, address, requestId })
    if (contents !== undefined) {
      await attempt.succeed()
      return contents
    }
    await context.readActor(db)
    throw conflict('the password was changed by a concurrent request')
  } catch (error) {
    // A password has been verified, unless the queue was full: the attempt is audited, and the count stays.
    if (error instanceof ProblemError && error.code === 'overloaded') await attempt.cancel()
    else if (error instanceof ProblemError)
      await writeAudit(db, context, { action: 'session.reauthenticate', target: sessionId, outcome: error.code })
    throw error
  }
}

function wrongPassword(): ProblemError {
  const fields = [{ field: 'body/password', reason: 'is not the current password' }]
  return new ProblemError('password-wrong', 'a wrong password at the reauthentication', { fields })
}
