/** `/admin/users/{id}/...`: disable, enable, end sessions, issue a reset code, require a new password. */
import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, Id, ProblemError, ReceiptRef, ResetCodeIssued } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  type AccountChange,
  disableChange,
  enableChange,
  endAccountSessions,
  forcePasswordChange,
  issueResetCode,
} from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readAccount } from '../store/accounts.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { assertActionAllowed, assertResetAllowed, assertSessionEndAllowed } from './policies.ts'

const tags = ['admin: users']
const params = Type.Object({ id: Id })
const adminActionProblems = adminProblemResponses(
  'not-found',
  'precondition-failed',
  'confirmation-required',
  'last-admin',
)
const response = { 200: ReceiptRef, 202: ReceiptRef, ...adminActionProblems }

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

const resetCode = {
  tags,
  summary: 'Replace the password of an account with a one-time code, and end its sessions',
  description:
    'The user logs in with the code as `password` and a `newPassword`. The code expires, and the response alone contains it. Without the role `admin`, the caller must hold the roles and scopes of the account.',
  params,
  body: ActionRequest,
  response: {
    200: ResetCodeIssued,
    202: ResetCodeIssued,
    ...adminActionProblems,
    ...adminProblemResponses('overloaded', 'not-found', 'reauthentication-required'),
  },
}

export const userActionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, passwords, resetCodeSeconds, forgetFailures } = deps

  for (const { path, change, check, summary } of actions) {
    const schema = { tags, summary, params, body: ActionRequest, response }
    app.post(path, { schema }, (request, reply) =>
      changeAndSend(deps, { request, reply }, { id: request.params.id, change, check, ...request.body }),
    )
  }

  app.post('/users/:id/password/reset-code', { schema: resetCode }, async (request, reply) => {
    const { id } = request.params
    // Hashing is not done for an actor that will be refused.
    await adminContextOf(request).readActor(db)
    const account = await readAccount(db, id)
    if (account === undefined) throw new ProblemError('not-found', 'no such account')
    const code = randomBytes(15).toString('base64url')
    const change = issueResetCode(await passwords.hash(code), resetCodeSeconds)
    const receipt = await changeAndSend(
      deps,
      { request, reply },
      { id, change, check: assertResetAllowed, ...request.body },
    )
    // The code replaces the password that was guessed at, so the failures no longer count.
    await forgetFailures(account.email)
    return { code, expiresInSeconds: resetCodeSeconds, revocation: receipt }
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
  const unchanged = { ...result.head, kind: 'user', subject: id, effect: 'ended', sessionsEnded: 0 } as const
  return sendReceipt(request, reply, { revoked: result.revoked ?? unchanged, barrierDeps })
}
