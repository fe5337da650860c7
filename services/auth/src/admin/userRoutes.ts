/** `/admin/users`: create, list, read, change roles and scopes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  conflict,
  malformed,
  NewUser,
  ProblemError,
  UserChange,
  UserChanged,
  UserDetail,
  UserPage,
  UserQuery,
  UserViewRef,
} from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard'
import { Type } from 'typebox'
import { isClientToken } from '../http/authenticate.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { changeRights, rightsAfter } from '../revoke/accountChanges.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { emailKey } from '../store/accounts.ts'
import { listAccounts, readAccountRow } from '../store/listAccounts.ts'
import { listEndedSessions } from '../store/listEndedSessions.ts'
import { listSessions } from '../store/listSessions.ts'
import { createUser } from './createUser.ts'
import { pageOf, readAccountCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminRoute, IdParams } from './deps.ts'
import { assertRightsChangeAllowed, etagOf } from './policies.ts'
import { userView } from './serialize.ts'
import { changeProblems } from './userActionRoutes.ts'

const maxSessions = 200

const creation = adminRoute('users', {
  summary: 'Create an account',
  description:
    'A request that is repeated with the same `Idempotency-Key` within 24 hours creates no second account. The user replaces an initial password at the first log-in, with `newPassword`.',
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ description: '8 to 200 characters.' })) }),
  body: NewUser,
  response: { 201: UserViewRef },
  problems: ['reauthentication-required', 'conflict', 'overloaded', 'idempotency-key-reused'],
})
const list = adminRoute('users', { summary: 'List accounts', querystring: UserQuery, response: { 200: UserPage } })
const detail = adminRoute('users', {
  summary: 'Read an account with its sessions',
  params: IdParams,
  response: { 200: UserDetail },
  problems: ['not-found'],
})
const change = adminRoute('users', {
  summary: 'Change the roles and scopes of an account',
  description: 'Rights that are taken away are no longer accepted anywhere when the response says `inForce`.',
  params: IdParams,
  headers: Type.Object({ 'if-match': Type.Optional(Type.String({ description: 'The `ETag` of the account.' })) }),
  body: UserChange,
  response: { 200: UserChanged, 202: UserChanged },
  problems: ['reauthentication-required', 'precondition-required', ...changeProblems],
})

/**
 * An administrator must not know the password of a user (OWASP ASVS 6.4.6), so what one sets is an initial password.
 * @throws ProblemError `request-malformed`
 */
function isInitialPassword({ mustChangePassword }: NewUser, { claims }: Caller): boolean {
  if (isClientToken(claims)) return mustChangePassword ?? false
  if (mustChangePassword ?? true) return true
  throw malformed('body/mustChangePassword', 'may be false for service clients only')
}

export const userRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps, assertTokenFits } = deps

  app.post('/admin/users', creation, async (request, reply) => {
    const key = idempotencyKeyOf(request)
    const newUser = { ...request.body, mustChangePassword: isInitialPassword(request.body, request.caller) }
    const id = await createUser(deps, { newUser, key, context: adminContextOf(request) })
    const row = await readAccountRow(db, id)
    if (row === undefined) throw conflict('the account has been deleted since')
    reply.code(201).header('location', `/admin/users/${row.id}`).header('etag', etagOf(row.version))
    return userView(row)
  })

  app.get('/admin/users', list, async request => {
    const { email, role = null, state = null, ids: given, limit = '50', cursor } = request.query
    const after = readAccountCursor(cursor)
    const emailPart = email === undefined ? null : emailKey(email)
    const ids = given?.split(',') ?? null
    const rows = await listAccounts(db, { ids, emailPart, role, state, after, limit: Number(limit) + 1 })
    const { page, nextCursor } = pageOf(rows, Number(limit), ({ createdAt, id }) => [createdAt.getTime(), id])
    return { users: page.map(userView), nextCursor }
  })

  app.get('/admin/users/:id', detail, async (request, reply) => {
    const { id } = request.params
    const [row, sessions, ended] = await Promise.all([
      readAccountRow(db, id),
      listSessions(db, { accountId: id, limit: maxSessions, currentId: request.caller.sid }),
      listEndedSessions(db, id),
    ])
    if (row === undefined) throw new ProblemError('not-found', 'no such account')
    reply.header('etag', etagOf(row.version))
    return { user: userView(row), sessions, ended }
  })

  app.patch('/admin/users/:id', change, async (request, reply) => {
    const { reason: _, confirm, ...newRights } = request.body
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
      adminContextOf(request),
    )
    const revoked = result?.revoked
    const revocation = revoked ? await sendReceipt(request, reply, { revoked, barrierDeps }) : null
    const row = result && (await readAccountRow(db, id))
    if (row === undefined) throw new ProblemError('not-found', 'no such account')
    reply.header('etag', etagOf(row.version))
    return { user: userView(row), revocation }
  })
}
