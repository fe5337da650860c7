/** `/admin/users/{id}`: change rights, delete. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, Id, ProblemError, ReceiptRef, UserChange, UserChanged } from '@gatehouse/contract'
import { Type } from 'typebox'
import { auditContextOf } from '../http/auditContext.ts'
import { changeRights, deleteAccountChange, rightsAfter } from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendRevocation.ts'
import { readAccountRow } from '../store/listAccounts.ts'
import { type AdminDeps, actionContextOf, adminProblemResponses } from './deps.ts'
import { assertActionAllowed, assertRightsChangeAllowed, etagOf } from './policies.ts'
import { userView } from './serialize.ts'

const tags = ['admin: users']
const params = Type.Object({ id: Id })
const noSuchUser = () => new ProblemError('not-found', 'no such account')

const change = {
  tags,
  summary: 'Change roles and scopes; what is taken away is gone when the call returns',
  params,
  headers: Type.Object({ 'if-match': Type.Optional(Type.String({ description: 'The `ETag` that was read.' })) }),
  body: UserChange,
  response: {
    200: UserChanged,
    202: UserChanged,
    ...adminProblemResponses(
      'not-found',
      'precondition-required',
      'precondition-failed',
      'confirmation-required',
      'last-admin',
    ),
  },
}

const deletion = {
  tags,
  summary: 'Delete an account: erases the person, and its tokens are refused when the call returns',
  params,
  body: ActionRequest,
  response: {
    200: ReceiptRef,
    202: ReceiptRef,
    ...adminProblemResponses('not-found', 'precondition-failed', 'confirmation-required', 'last-admin'),
  },
}

export const userUpdateRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db, revocations, barrierDeps }) => {
  app.patch('/users/:id', { schema: change }, async (request, reply) => {
    const { reason = null, confirm, ...wanted } = request.body
    const { id } = request.params
    const asked = actionContextOf(request, confirm)
    if (asked.ifMatch === undefined)
      throw new ProblemError('precondition-required', 'a change of rights without If-Match')
    const done = await revocations.changeAccount(
      {
        id,
        change: changeRights(wanted),
        check: account => assertRightsChangeAllowed(asked, account, rightsAfter(account, wanted)),
      },
      auditContextOf(request, reason),
    )
    if (done === undefined) throw noSuchUser()
    const revocation = done.revoked && (await sendReceipt(request, reply, { revoked: done.revoked, barrierDeps }))
    const row = await readAccountRow(db, id)
    if (row === undefined) throw noSuchUser()
    reply.header('etag', etagOf(row.version)).header('cache-control', 'no-store')
    return { user: userView(row), revocation }
  })

  app.delete('/users/:id', { schema: deletion }, async (request, reply) => {
    const { reason = null, confirm } = request.body
    const asked = actionContextOf(request, confirm)
    const done = await revocations.changeAccount(
      { id: request.params.id, change: deleteAccountChange, check: account => assertActionAllowed(asked, account) },
      auditContextOf(request, reason),
    )
    if (!done?.revoked) throw noSuchUser()
    return sendReceipt(request, reply, { revoked: done.revoked, barrierDeps })
  })
}
