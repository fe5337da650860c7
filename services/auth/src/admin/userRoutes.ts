/** `/admin/users`: create, find, read. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Id, NewUser, ProblemError, UserDetail, UserPage, UserQuery, UserViewRef } from '@gatehouse/contract'
import { Type } from 'typebox'
import { auditContextOf } from '../http/auditContext.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { emailKey } from '../store/accounts.ts'
import { listAccounts, readAccountRow } from '../store/listAccounts.ts'
import { listSessions } from '../store/listSessions.ts'
import { createUser } from './createUser.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { type AdminDeps, adminProblemResponses } from './deps.ts'
import { etagOf } from './policies.ts'
import { sessionDetail, userView } from './serialize.ts'

const tags = ['admin: users']
const params = Type.Object({ id: Id })
const mostSessions = 200
const noSuchUser = () => new ProblemError('not-found', 'no such account')

const creation = {
  tags,
  summary: 'Create an account; repeat it safely with the same Idempotency-Key',
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ description: '8 to 200 characters.' })) }),
  body: NewUser,
  response: { 201: UserViewRef, ...adminProblemResponses('conflict', 'overloaded') },
}

const list = {
  tags,
  summary: 'Find accounts',
  querystring: UserQuery,
  response: { 200: UserPage, ...adminProblemResponses() },
}

const one = {
  tags,
  summary: 'An account with its sessions',
  params,
  response: { 200: UserDetail, ...adminProblemResponses('not-found') },
}

export const userRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db } = deps

  app.post('/users', { schema: creation }, async (request, reply) => {
    const creating = {
      wanted: request.body,
      actor: request.caller,
      key: idempotencyKeyOf(request),
      act: auditContextOf(request),
    }
    const row = await readAccountRow(db, await createUser(deps, creating))
    if (row === undefined) throw new ProblemError('conflict', 'created, and deleted by somebody else since')
    reply.code(201).header('location', `/admin/users/${row.id}`).header('etag', etagOf(row.version))
    return userView(row)
  })

  app.get('/users', { schema: list }, async (request, reply) => {
    const { email, role = null, state = null, limit = '50', cursor } = request.query
    const after = readCursor(cursor, ([createdAt, id]) => {
      const isOurs = typeof createdAt === 'number' && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)
      return isOurs ? { createdAt: new Date(createdAt), id } : undefined
    })
    const emailPart = email === undefined ? null : emailKey(email)
    const rows = await listAccounts(db, { emailPart, role, state, after, limit: Number(limit) + 1 })
    const page = rows.slice(0, Number(limit))
    const last = rows.length > page.length ? page.at(-1) : undefined
    reply.header('cache-control', 'no-store')
    return { users: page.map(userView), nextCursor: last ? writeCursor([last.createdAt.getTime(), last.id]) : null }
  })

  app.get('/users/:id', { schema: one }, async (request, reply) => {
    const { id } = request.params
    const [row, sessions] = await Promise.all([
      readAccountRow(db, id),
      listSessions(db, { accountId: id, limit: mostSessions }),
    ])
    if (row === undefined) throw noSuchUser()
    reply.header('cache-control', 'no-store').header('etag', etagOf(row.version))
    return { user: userView(row), sessions: sessions.map(session => sessionDetail(session, request.caller.sid)) }
  })
}
