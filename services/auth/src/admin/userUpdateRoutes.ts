/** `/admin/users/{id}`: change roles and scopes, delete. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, Id, ProblemError, ReceiptRef, UserChange, UserChanged } from '@gatehouse/contract'
import { Type } from 'typebox'
import { changeRights, deleteAccountChange, rightsAfter } from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readAccountRow } from '../store/listAccounts.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { assertActionAllowed, assertRightsChangeAllowed, etagOf } from './policies.ts'
import { userView } from './serialize.ts'

const tags = ['admin: users']
const params = Type.Object({ id: Id })
const noSuchUser = () => new ProblemError('not-found', 'no such account')
const conditions = ['not-found', 'precondition-failed', 'confirmation-required', 'last-admin'] as const

const change = {
  tags,
  summary: 'Change the roles and scopes of an account',
  description: 'Rights that are taken away are no longer accepted anywhere when the response says `inForce`.',
  params,
  headers: Type.Object({ 'if-match': Type.Optional(Type.String({ description: 'The `ETag` of the account.' })) }),
  body: UserChange,
  response: {
    200: UserChanged,
    202: UserChanged,
    ...adminProblemResponses('reauthentication-required', 'precondition-required', ...conditions),
  },
}

const deletion = {
  tags,
  summary: 'Delete an account and its personal data',
  description: 'Its tokens are no longer accepted anywhere when the response says `inForce`.',
  params,
  body: ActionRequest,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses(...conditions) },
}

export const userUpdateRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps, assertTokenFits } = deps

  app.patch('/users/:id', { schema: change }, async (request, reply) => {
    const { reason = null, confirm, ...newRights } = request.body
    const { id } = request.params
    const ifMatch = request.headers['if-match']
    if (ifMatch === undefined) throw new ProblemError('precondition-required', 'a change of rights without If-Match')
    const result = await revocations.changeAccount(
      {
        id,
        change: changeRights(newRights),
        check: (account, actor) => {
          const after = rightsAfter(account, newRights)
          assertRightsChangeAllowed({ actor, ifMatch, confirm }, account, after)
          assertTokenFits({ clientId: 'first-party', ...after })
        },
      },
      adminContextOf(request, reason),
    )
    if (result === undefined) throw noSuchUser()
    const { revoked } = result
    const revocation = revoked && (await sendReceipt(request, reply, { revoked, barrierDeps }))
    const row = await readAccountRow(db, id)
    if (row === undefined) throw noSuchUser()
    reply.header('etag', etagOf(row.version)).header('cache-control', 'no-store')
    return { user: userView(row), revocation }
  })

  app.delete('/users/:id', { schema: deletion }, async (request, reply) => {
    const { reason = null, confirm } = request.body
    const ifMatch = request.headers['if-match']
    const result = await revocations.changeAccount(
      {
        id: request.params.id,
        change: deleteAccountChange,
        check: (account, actor) => assertActionAllowed({ actor, ifMatch, confirm }, account),
      },
      adminContextOf(request, reason),
    )
    if (!result?.revoked) throw noSuchUser()
    return sendReceipt(request, reply, { revoked: result.revoked, barrierDeps })
  })
}
