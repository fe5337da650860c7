/**
 * `/admin/users/{id}/...`: disable, enable, end all sessions, set a password, require a new one.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, Id, PasswordReset, ProblemError, ReceiptRef } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
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
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { assertActionAllowed, assertSessionEndAllowed } from './policies.ts'

const tags = ['admin: users']
const params = Type.Object({ id: Id })
const response = {
  200: ReceiptRef,
  202: ReceiptRef,
  ...adminProblemResponses('not-found', 'precondition-failed', 'confirmation-required', 'last-admin'),
}

const actions = [
  {
    path: '/users/:id/disable',
    change: disableChange,
    check: assertActionAllowed,
    summary: 'Disable an account: its sessions end, and its tokens are answered with 403',
  },
  {
    path: '/users/:id/enable',
    change: enableChange,
    check: assertActionAllowed,
    summary: 'Enable an account: it can log in again, and its earlier tokens stay refused',
  },
  {
    path: '/users/:id/sessions/end',
    change: endAccountSessions,
    check: assertSessionEndAllowed,
    summary: 'End all sessions of an account',
  },
  {
    path: '/users/:id/password/force-change',
    change: forcePasswordChange,
    check: assertActionAllowed,
    summary: 'End all sessions of an account and require a new password at its next log-in',
  },
] as const

const setPassword = {
  tags,
  summary: 'Set the password of an account and end its sessions',
  params,
  body: PasswordReset,
  response: { ...response, ...adminProblemResponses('overloaded', 'not-found') },
}

export const userActionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, passwords } = deps

  for (const { path, change, check, summary } of actions) {
    const schema = { tags, summary, params, body: ActionRequest, response }
    app.post(path, { schema }, (request, reply) =>
      changeAndSend(deps, { request, reply }, { id: request.params.id, change, check, ...request.body }),
    )
  }

  app.put('/users/:id/password', { schema: setPassword }, async (request, reply) => {
    const { password, mustChangePassword = false, ...rest } = request.body
    const { id } = request.params
    const account = await readAccount(db, id)
    if (account === undefined) throw new ProblemError('not-found', 'no such account')
    requireAcceptablePassword(password, { field: 'body/password', email: account.email })
    const change = resetPassword(await passwords.hash(password), mustChangePassword ? 'must-change' : 'keeps')
    return changeAndSend(deps, { request, reply }, { id, change, check: assertActionAllowed, ...rest })
  })
}

interface RequestedChange {
  id: string
  change: AccountChange
  check: typeof assertActionAllowed
  reason?: string
  confirm?: string
}

async function changeAndSend(
  { revocations, barrierDeps }: AdminDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { id, change, check, reason, confirm }: RequestedChange,
) {
  const ifMatch = request.headers['if-match']
  const result = await revocations.changeAccount(
    { id, change, check: (account, actor) => check({ actor, ifMatch, confirm }, account) },
    adminContextOf(request, reason ?? null),
  )
  if (result === undefined) throw new ProblemError('not-found', 'no such account')
  const unchanged = { seq: result.head, kind: 'user', subject: id, effect: 'ended', sessionsEnded: 0 } as const
  return sendReceipt(request, reply, { revoked: result.revoked ?? unchanged, barrierDeps })
}
