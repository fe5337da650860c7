/** `/admin/users/{id}/...`: disable, enable, end sessions, require a new password, delete, issue a reset code. */
import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, ProblemError, ResetCodeIssued } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type AccountChange,
  deleteAccountChange,
  disableChange,
  enableChange,
  endAccountSessions,
  forcePasswordChange,
  issueResetCode,
} from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readAccount } from '../store/accounts.ts'
import { type AdminDeps, adminContextOf, adminRoute, IdParams, receipts } from './deps.ts'
import { assertActionAllowed, assertResetAllowed, assertSessionEndAllowed } from './policies.ts'

const action = { params: IdParams, body: ActionRequest }
export const changeProblems = ['not-found', 'precondition-failed', 'confirmation-required', 'last-admin'] as const

const actions = [
  {
    method: 'POST',
    url: '/admin/users/:id/disable',
    change: disableChange,
    check: assertActionAllowed,
    summary: 'Disable an account: its sessions end, and its tokens are answered with 403',
  },
  {
    method: 'POST',
    url: '/admin/users/:id/enable',
    change: enableChange,
    check: assertActionAllowed,
    summary: 'Enable an account: it can log in again, and its earlier tokens stay refused',
  },
  {
    method: 'POST',
    url: '/admin/users/:id/sessions/end',
    change: endAccountSessions,
    check: assertSessionEndAllowed,
    summary: 'End all sessions of an account',
  },
  {
    method: 'POST',
    url: '/admin/users/:id/password/force-change',
    change: forcePasswordChange,
    check: assertActionAllowed,
    summary: 'End all sessions of an account and require a new password at its next log-in',
  },
  {
    method: 'DELETE',
    url: '/admin/users/:id',
    change: deleteAccountChange,
    check: assertActionAllowed,
    summary: 'Delete an account and its personal data',
    description: 'Its tokens are no longer accepted anywhere when the response says `inForce`.',
  },
] as const

const resetCode = adminRoute('users', {
  summary: 'Replace the password of an account with a one-time code, and end its sessions',
  description:
    'The user logs in with the code as `password` and a `newPassword`. The code expires, and the response alone contains it. Without the role `admin`, the caller must hold the roles and scopes of the account.',
  ...action,
  response: { 200: ResetCodeIssued, 202: ResetCodeIssued },
  problems: [...changeProblems, 'overloaded', 'reauthentication-required'],
})

export const userActionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, passwords, resetCodeSeconds, forgetFailures } = deps

  for (const { method, url, change, check, ...texts } of actions) {
    const { schema } = adminRoute('users', { ...texts, ...action, response: receipts, problems: changeProblems })
    app.route({
      method,
      url,
      schema,
      handler: (request, reply) => changeAndSend(deps, { request, reply }, { change, check }),
    })
  }

  app.post('/admin/users/:id/password/reset-code', resetCode, async (request, reply) => {
    // Hashing is not done for an actor that will be refused.
    await adminContextOf(request).readActor(db)
    const account = await readAccount(db, request.params.id)
    if (account === undefined) throw new ProblemError('not-found', 'no such account')
    const code = randomBytes(15).toString('base64url')
    const change = issueResetCode(await passwords.hash(code), resetCodeSeconds)
    const revocation = await changeAndSend(deps, { request, reply }, { change, check: assertResetAllowed })
    // The code replaces the password that was guessed at, so the failures no longer count.
    await forgetFailures(account.email)
    return { code, expiresInSeconds: resetCodeSeconds, revocation }
  })
}

type ActionCall = FastifyRequest<{ Params: { id: string }; Body: ActionRequest }>

async function changeAndSend(
  { revocations, barrierDeps }: AdminDeps,
  { request, reply }: { request: ActionCall; reply: FastifyReply },
  { change, check }: { change: AccountChange; check: typeof assertActionAllowed },
) {
  const { id } = request.params
  const { confirm } = request.body
  const ifMatch = request.headers['if-match']
  const result = await revocations.changeAccount(
    { id, change, check: (account, actor) => check({ actor, ifMatch, confirm }, account) },
    adminContextOf(request),
  )
  if (result === undefined) throw new ProblemError('not-found', 'no such account')
  const unchanged = { ...result.head, kind: 'user', subject: id, effect: 'ended', sessionsEnded: 0 } as const
  return sendReceipt(request, reply, { revoked: result.revoked ?? unchanged, barrierDeps })
}
