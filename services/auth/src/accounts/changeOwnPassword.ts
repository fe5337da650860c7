/** Changes the caller's own password: one password is verified per request, and counted before it is answered. */
import { conflict, malformed, type PasswordChange, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { normalizePassword } from '../passwords/argon2.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits } from '../rateLimits/loginLimits.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { findAccountById } from '../store/accounts.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { claimCreation, readCreation } from '../store/creations.ts'
import { readHead } from '../store/readClock.ts'
import { writeAudit } from '../store/writeAudit.ts'

export interface PasswordChangeDeps {
  db: PrismaClient
  passwords: Passwords
  limits: LoginLimits
  revocations: Revocations
}

export interface OwnPasswordChange extends PasswordChange {
  accountId: string
  /** The `Idempotency-Key`: a repeated request with it verifies the new password instead of the current one. */
  key: string | undefined
  context: ActorContext
}

/**
 * @throws ProblemError `password-wrong`, `request-malformed` for an unacceptable new password, `conflict`,
 * `rate-limited`, `known-device-required`, `overloaded`, `idempotency-key-reused` when the key came with another new
 * password, and the codes of `ReadActor`
 */
export async function changeOwnPassword(
  deps: PasswordChangeDeps,
  change: OwnPasswordChange,
): Promise<RevocationResult> {
  const { db, passwords, limits } = deps
  const { accountId, currentPassword, newPassword, key, context } = change
  // A session that ended while the body arrived must not test passwords.
  await context.readActor(db)
  const account = await findAccountById(db, accountId)
  const email = account?.email ?? ''
  passwords.requireAcceptable(newPassword, { field: 'body/newPassword', email })
  if (normalizePassword(newPassword) === normalizePassword(currentPassword))
    throw malformed('body/newPassword', 'must differ from the current password')
  const keyHash = key === undefined ? undefined : sha256(`password|${accountId}|${key}`)
  const isRepeat = keyHash !== undefined && (await readCreation(db, keyHash)) !== undefined

  const attempt = await limits.reserveAttempt({ id: accountId, email })
  const verified = isRepeat ? newPassword : currentPassword
  const isRight = await passwords.verify(verified, account?.passwordHash).catch(async error => {
    if (error instanceof ProblemError) await attempt.cancel()
    throw error
  })
  try {
    if (account === undefined || !isRight) throw wrong(isRepeat)
    const revoked = isRepeat
      ? await answerRepeat(deps, change)
      : await commit(deps, change, {
          from: account.passwordHash,
          to: await passwords.hash(newPassword),
          keyHash,
        })
    await attempt.succeed()
    return revoked
  } catch (error) {
    // Whatever the answer is, a password has been verified: it is audited, and the count stays.
    if (error instanceof ProblemError)
      await writeAudit(db, context, { action: 'user.change-password', target: accountId, outcome: error.code })
    throw error
  }
}

async function commit(
  { db, revocations }: PasswordChangeDeps,
  { accountId, endOthers = true, context }: OwnPasswordChange,
  { from, to, keyHash }: { from: string; to: string; keyHash: Buffer | undefined },
): Promise<RevocationResult> {
  const keepOnly = endOthers ? context.sid : null
  const revoked = await revocations.changePassword({ id: accountId, from, to, keepOnly }, context)
  if (revoked === undefined) throw conflict('the password was changed by a concurrent request')
  // After the commit: without this row a repeated request is answered password-wrong, which is safe.
  if (keyHash !== undefined) await claimCreation(db, { keyHash, requestHash: keyHash, target: accountId })
  return revoked
}

/**
 * The first request has changed the password and ended the sessions. Sessions that began since stay:
 * this answer only waits until everything before it is in force.
 */
async function answerRepeat({ db }: PasswordChangeDeps, { accountId, context }: OwnPasswordChange) {
  await writeAudit(db, context, { action: 'user.change-password', target: accountId, outcome: 'repeated' })
  const result = { kind: 'user' as const, subject: accountId, effect: 'ended' as const, sessionsEnded: 0 }
  return { ...(await readHead(db)), ...result }
}

function wrong(isRepeat: boolean): ProblemError {
  if (isRepeat) return new ProblemError('idempotency-key-reused', 'the Idempotency-Key came with another new password')
  const fields = [{ field: 'body/currentPassword', reason: 'is not the current password' }]
  return new ProblemError('password-wrong', 'wrong current password', { fields })
}
