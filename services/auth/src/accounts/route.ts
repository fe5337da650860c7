/** `GET /me` and `PUT /me/password`: the caller's own account. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { InForce, Me, PasswordChange, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import { actorContextOf } from '../http/actorContext.ts'
import { auditContextOf } from '../http/auditContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import { requireAcceptablePassword } from '../passwords/passwordPolicy.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits } from '../rateLimits/loginLimits.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { type BarrierDeps, sendRevocation } from '../revoke/sendRevocation.ts'
import { findAccountById, readAccount } from '../store/accounts.ts'
import { writeAudit } from '../store/writeAudit.ts'

export interface AccountRoutes {
  db: Db
  passwords: Passwords
  limits: LoginLimits
  revocations: Revocations
  barrierDeps: BarrierDeps
}

export const accountRoutes: FastifyPluginAsyncTypebox<AccountRoutes> = async (app, deps) => {
  const { db, passwords, limits, revocations, barrierDeps } = deps
  const common = { tags: ['me'], security: [{ bearer: [] }] }
  const guarded = problemResponses(...accessTokenCodes)

  app.get(
    '/me',
    { schema: { ...common, summary: 'Read my account', response: { 200: Me, ...guarded } } },
    async (request, reply) => {
      const account = await readAccount(db, request.caller.id)
      if (account === undefined)
        throw new ProblemError('account-disabled', 'the account was deleted during the request')
      reply.header('cache-control', 'no-store')
      return { ...account, createdAt: account.createdAt.toISOString() }
    },
  )

  const schema = {
    ...common,
    summary: 'Change my password; ends my other sessions by default',
    body: PasswordChange,
    response: {
      200: InForce,
      202: InForce,
      ...problemResponses(...accessTokenCodes, 'credentials-invalid', 'conflict', 'overloaded'),
    },
  }
  app.put('/me/password', { schema }, async (request, reply) => {
    const { currentPassword, newPassword, endOthers = true } = request.body
    const { id, sid } = request.caller
    const [account, secret] = await Promise.all([readAccount(db, id), findAccountById(db, id)])
    const email = account?.email ?? ''
    requireAcceptablePassword(newPassword, { field: 'body/newPassword', email })
    const attempt = { email, address: request.ip }
    await limits.findAccount(attempt)
    const isRight = await passwords.verify(currentPassword, secret?.passwordHash)
    // The response to a change may be lost: the repeated request must not be refused as a wrong password.
    const isRepeat = !isRight && (await passwords.verify(newPassword, secret?.passwordHash))
    if (secret === undefined || !(isRight || isRepeat)) {
      await limits.recordFailure(attempt)
      const outcome = {
        action: 'user.change-password' as const,
        target: id,
        outcome: 'credentials-invalid',
        detail: {},
      }
      await writeAudit(db, { ...auditContextOf(request), ...outcome })
      throw new ProblemError('credentials-invalid', 'wrong current password')
    }
    const to = isRepeat ? secret.passwordHash : await passwords.hash(newPassword)
    const change = { id, from: secret.passwordHash, to, keepOnly: endOthers ? sid : null }
    const revoked = await revocations.changePassword(change, actorContextOf(request))
    if (revoked === undefined) throw new ProblemError('conflict', 'the password was changed by a concurrent request')
    return sendRevocation(request, reply, { revoked, barrierDeps })
  })
}
