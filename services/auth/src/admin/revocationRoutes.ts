/**
 * `/admin/sessions/end-all`, `/admin/revocations`, `/admin/guards`: end every session, read
 * receipts, list guards.
 */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  EndAllRequest,
  GuardList,
  ProblemError,
  ReceiptRef,
  RevocationPage,
  RevocationQuery,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readLiveGuards } from '../store/guards.ts'
import { listRevocations } from '../store/listRevocations.ts'
import { readEntryAgeMs, readReceipt } from '../store/receipts.ts'
import { readRevocationCursor, writeCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { receiptEvents, receiptText } from './receiptEvents.ts'
import { revocationView } from './revocationView.ts'
import { guardView } from './serialize.ts'

const tags = ['admin: revocations']

const endAll = {
  tags,
  summary: 'End every session',
  body: EndAllRequest,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('reauthentication-required') },
}

const seqParams = Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) })

const list = {
  tags,
  summary: 'List revocations, newest first',
  querystring: RevocationQuery,
  response: { 200: RevocationPage, ...adminProblemResponses() },
}

const receipt = {
  tags,
  summary: 'Read the receipt of a revocation',
  description: 'Waits until the revocation is in force, unless an earlier request has seen that.',
  params: seqParams,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found') },
}

const events = {
  tags,
  summary: 'Follow a revocation until it is in force',
  description:
    'Server-sent events of the type `receipt`, whose data is a `ReceiptEvent`: one for each change of a guard, and the last with `inForce` true.',
  params: seqParams,
  response: {
    200: {
      description: 'The stream ends when the revocation is in force, which takes no longer than a lease.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...adminProblemResponses('not-found'),
  },
}

const guards = { tags, summary: 'List the live guards', response: { 200: GuardList, ...adminProblemResponses() } }

export const revocationRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps, leaseMs } = deps

  app.post('/sessions/end-all', { schema: endAll }, async (request, reply) => {
    const revoked = await revocations.endAllSessions(adminContextOf(request, request.body.reason ?? null))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })

  app.get('/revocations/:seq', { schema: receipt }, async (request, reply) => {
    const stored = await readReceipt(db, Number(request.params.seq))
    if (stored === undefined) throw new ProblemError('not-found', 'no such revocation')
    const { revoked, receipt: seen } = stored
    if (seen === undefined) return sendReceipt(request, reply, { revoked, barrierDeps })
    reply.header('cache-control', 'no-store')
    return { ...revoked, inForce: true, ...seen }
  })

  app.get('/revocations', { schema: list }, async (request, reply) => {
    const { limit = '50', cursor } = request.query
    const rows = await listRevocations(db, { before: readRevocationCursor(cursor), limit: Number(limit) + 1 })
    const page = rows.slice(0, Number(limit))
    const last = rows.length > page.length ? page.at(-1) : undefined
    reply.header('cache-control', 'no-store')
    return { revocations: page.map(revocationView), nextCursor: last ? writeCursor([last.seq]) : null }
  })

  app.get('/revocations/:seq/events', { schema: events }, async (request, reply) => {
    const seq = Number(request.params.seq)
    const stored = await readReceipt(db, seq)
    if (stored === undefined) throw new ProblemError('not-found', 'no such revocation')
    const { revoked, receipt: seen } = stored
    // nginx passes the stream on as it comes.
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream')
    if (seen !== undefined) {
      const receipts = seen.guards.map(guard => ({ ...guard, leaseLeftMs: null }))
      return reply.send(receiptText(revoked, { inForce: true, waitedMs: seen.waitedMs, guards: receipts }))
    }
    const left = new AbortController()
    request.raw.once('close', () => left.abort())
    const { readActor } = adminContextOf(request)
    const elapsedMs = await readEntryAgeMs(db, seq)
    const options = { barrierDeps, elapsedMs, assertActive: () => readActor(db), signal: left.signal }
    return reply.send(Readable.from(receiptEvents(revoked, options), { objectMode: false }))
  })

  app.get('/guards', { schema: guards }, async (_request, reply) => {
    const live = await readLiveGuards(db)
    const { head, holdUntilMs, dbNowMs } = live
    reply.header('cache-control', 'no-store')
    const heldUntil = holdUntilMs !== null && holdUntilMs > dbNowMs ? new Date(holdUntilMs).toISOString() : null
    return { head, heldUntil, leaseMs, guards: live.guards.map(guard => guardView(guard, live)) }
  })
}
