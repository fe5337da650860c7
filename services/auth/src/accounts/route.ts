/** `GET /me` and `PUT /me/password`: the caller's own account. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { InForce, Me, PasswordChange, ProblemError } from '@gatehouse/contract'
import { Type } from 'typebox'
import { actorContextOf } from '../http/actorContext.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import { type BarrierDeps, sendRevocation } from '../revoke/sendWhenInForce.ts'
import { readAccount } from '../store/accounts.ts'
import { changeOwnPassword, type PasswordChangeDeps } from './changeOwnPassword.ts'

export interface AccountRoutes extends PasswordChangeDeps {
  barrierDeps: BarrierDeps
}

export const accountRoutes: FastifyPluginAsyncTypebox<AccountRoutes> = async (app, deps) => {
  const { db } = deps
  const common = { tags: ['me'], security: [{ bearer: [] }] }
  const guarded = problemResponses(...accessTokenCodes)

  app.get(
    '/me',
    { schema: { ...common, summary: 'Read my account', response: { 200: Me, ...guarded } } },
    async request => {
      const account = await readAccount(db, request.caller.id)
      if (account === undefined)
        throw new ProblemError('account-disabled', 'the account was deleted during the request')
      return { ...account, createdAt: account.createdAt.toISOString() }
    },
  )

  const schema = {
    ...common,
    summary: 'Change my password; ends my other sessions by default',
    description: 'A request that is repeated with the same `Idempotency-Key` within 24 hours is answered as the first.',
    headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ description: '8 to 200 characters.' })) }),
    body: PasswordChange,
    response: {
      200: InForce,
      202: InForce,
      ...problemResponses(
        ...accessTokenCodes,
        'password-wrong',
        'known-device-required',
        'idempotency-key-reused',
        'conflict',
        'overloaded',
      ),
    },
  }
  app.put('/me/password', { schema }, async (request, reply) => {
    const key = idempotencyKeyOf(request)
    const context = actorContextOf(request)
    const { body } = request
    const revoked = await changeOwnPassword(deps, { ...body, accountId: request.caller.id, key, context })
    return sendRevocation(request, reply, { revoked, barrierDeps: deps.barrierDeps })
  })
}
