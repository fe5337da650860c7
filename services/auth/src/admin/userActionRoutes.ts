/** `/admin/users/{id}/...`: disable, enable, set a password, force a new one, sign out everywhere. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, Id, PasswordReset, ProblemError, ReceiptRef } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { auditContextOf } from '../http/auditContext.ts'
import { requireAcceptablePassword } from '../passwords/passwordPolicy.ts'
import {
  type AccountChange,
  disableChange,
  enableChange,
  endAccountSessions,
  forcePasswordChange,
  resetPassword,
} from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendRevocation.ts'
import { readAccount } from '../store/accounts.ts'
import { type AdminDeps, actionContextOf, adminProblemResponses } from './deps.ts'
import { assertActionAllowed, assertSessionEndAllowed } from './policies.ts'

const params = Type.Object({ id: Id })

const acts = [
  {
    path: '/users/:id/disable',
    change: disableChange,
    judge: assertActionAllowed,
    summary: 'Disable: 403 from now on, wherever it comes',
  },
  {
    path: '/users/:id/enable',
    change: enableChange,
    judge: assertActionAllowed,
    summary: 'Enable: it may log in again; its older tokens stay refused',
  },
  {
    path: '/users/:id/sessions/end',
    change: endAccountSessions,
    judge: assertSessionEndAllowed,
    summary: 'Sign out everywhere',
  },
  {
    path: '/users/:id/password/force-change',
    change: forcePasswordChange,
    judge: assertActionAllowed,
    summary: 'End its sessions; the next log-in has to set a new password',
  },
] as const

export const userActionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, passwords, revocations, barrierDeps } = deps
  const tags = ['admin: users']
  const response = {
    200: ReceiptRef,
    202: ReceiptRef,
    ...adminProblemResponses('not-found', 'precondition-failed', 'confirmation-required', 'last-admin'),
  }

  const changeAndAnswer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { id, change, judge, reason, confirm }: Change,
  ) => {
    const asked = actionContextOf(request, confirm)
    const done = await revocations.changeAccount(
      { id, change, check: account => judge(asked, account) },
      auditContextOf(request, reason ?? null),
    )
    if (done === undefined) throw new ProblemError('not-found', 'no such account')
    const nothing = { seq: done.head, kind: 'user', subject: id, effect: 'ended', sessionsEnded: 0 } as const
    return sendReceipt(request, reply, { revoked: done.revoked ?? nothing, barrierDeps })
  }

  for (const { path, change, judge, summary } of acts) {
    const schema = { tags, summary, params, body: ActionRequest, response }
    app.post(path, { schema }, (request, reply) =>
      changeAndAnswer(request, reply, { id: request.params.id, change, judge, ...request.body }),
    )
  }

  const schema = {
    tags,
    summary: 'Set a password; ends its sessions',
    params,
    body: PasswordReset,
    response: { ...response, ...adminProblemResponses('overloaded', 'not-found') },
  }
  app.put('/users/:id/password', { schema }, async (request, reply) => {
    const { password, mustChangePassword = false, ...why } = request.body
    const { id } = request.params
    const account = await readAccount(db, id)
    if (account === undefined) throw new ProblemError('not-found', 'no such account')
    requireAcceptablePassword(password, { field: 'body/password', email: account.email })
    const change = resetPassword(await passwords.hash(password), mustChangePassword ? 'must-change' : 'keeps')
    return changeAndAnswer(request, reply, { id, change, judge: assertActionAllowed, ...why })
  })
}

interface Change {
  id: string
  change: AccountChange
  judge: typeof assertActionAllowed
  reason?: string
  confirm?: string
}
