/** `/admin/users`: create, list, read. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { conflict, Id, NewUser, ProblemError, UserDetail, UserPage, UserQuery, UserViewRef } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard'
import { Type } from 'typebox'
import { isClientToken } from '../http/authenticate.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { emailKey } from '../store/accounts.ts'
import { listAccounts, readAccountRow } from '../store/listAccounts.ts'
import { listEndedSessions } from '../store/listEndedSessions.ts'
import { listSessions } from '../store/listSessions.ts'
import { createUser } from './createUser.ts'
import { readAccountCursor, writeCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { etagOf } from './policies.ts'
import { sessionDetail, userView } from './serialize.ts'

const tags = ['admin: users']
const maxSessions = 200

const creation = {
  tags,
  summary: 'Create an account',
  description:
    'A request that is repeated with the same `Idempotency-Key` within 24 hours creates no second account. The user replaces an initial password at the first log-in, with `newPassword`.',
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ description: '8 to 200 characters.' })) }),
  body: NewUser,
  response: {
    201: UserViewRef,
    ...adminProblemResponses('reauthentication-required', 'conflict', 'overloaded', 'idempotency-key-reused'),
  },
}

const list = {
  tags,
  summary: 'List accounts',
  querystring: UserQuery,
  response: { 200: UserPage, ...adminProblemResponses() },
}

const detail = {
  tags,
  summary: 'Read an account with its sessions',
  params: Type.Object({ id: Id }),
  response: { 200: UserDetail, ...adminProblemResponses('not-found') },
}

/**
 * An administrator must not know the password of a user (OWASP ASVS 6.4.6), so what one sets is an initial password.
 * @throws ProblemError `request-malformed`
 */
function isInitialPassword({ mustChangePassword }: NewUser, { claims }: Caller): boolean {
  if (isClientToken(claims)) return mustChangePassword ?? false
  if (mustChangePassword ?? true) return true
  const field = { field: 'body/mustChangePassword', reason: 'may be false for service clients only' }
  throw new ProblemError('request-malformed', 'an administrator sets a lasting password', { fields: [field] })
}

export const userRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db } = deps

  app.post('/users', { schema: creation }, async (request, reply) => {
    const key = idempotencyKeyOf(request)
    const newUser = { ...request.body, mustChangePassword: isInitialPassword(request.body, request.caller) }
    const id = await createUser(deps, { newUser, key, context: adminContextOf(request) })
    const row = await readAccountRow(db, id)
    if (row === undefined) throw conflict('the account has been deleted since')
    reply.code(201).header('location', `/admin/users/${row.id}`).header('etag', etagOf(row.version))
    return userView(row)
  })

  app.get('/users', { schema: list }, async (request, reply) => {
    const { email, role = null, state = null, ids, limit = '50', cursor } = request.query
    const after = readAccountCursor(cursor)
    const emailPart = email === undefined ? null : emailKey(email)
    const rows = await listAccounts(db, {
      ids: ids?.split(',') ?? null,
      emailPart,
      role,
      state,
      after,
      limit: Number(limit) + 1,
    })
    const page = rows.slice(0, Number(limit))
    const last = rows.length > page.length ? page.at(-1) : undefined
    reply.header('cache-control', 'no-store')
    return { users: page.map(userView), nextCursor: last ? writeCursor([last.createdAt.getTime(), last.id]) : null }
  })

  app.get('/users/:id', { schema: detail }, async (request, reply) => {
    const { id } = request.params
    const [row, sessions, ended] = await Promise.all([
      readAccountRow(db, id),
      listSessions(db, { accountId: id, limit: maxSessions }),
      listEndedSessions(db, id),
    ])
    if (row === undefined) throw new ProblemError('not-found', 'no such account')
    reply.header('cache-control', 'no-store').header('etag', etagOf(row.version))
    return { user: userView(row), sessions: sessions.map(session => sessionDetail(session, request.caller.sid)), ended }
  })
}
