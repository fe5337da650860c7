/**
 * `/admin/sessions/end-all`, `/admin/revocations`, `/admin/guards`: end every session, read
 * receipts, list guards.
 */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { EndAllRequest, GuardList, ProblemError, RevocationPage, RevocationQuery } from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readLiveGuards } from '../store/guards.ts'
import { listRevocations } from '../store/listRevocations.ts'
import { readEntryAgeMs, readReceipt } from '../store/receipts.ts'
import { pageOf, readRevocationCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminRoute, receipts } from './deps.ts'
import { receiptEvents, receiptText } from './receiptEvents.ts'
import { guardView, revocationView } from './serialize.ts'

const endAll = adminRoute('revocations', {
  summary: 'End every session',
  body: EndAllRequest,
  response: receipts,
  problems: ['reauthentication-required'],
})
const list = adminRoute('revocations', {
  summary: 'List revocations, newest first',
  querystring: RevocationQuery,
  response: { 200: RevocationPage },
})
const one = {
  params: Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
  problems: ['not-found'] as const,
}
const receipt = adminRoute('revocations', {
  summary: 'Read the receipt of a revocation',
  description: 'Waits until the revocation is in force, unless an earlier request has seen that.',
  ...one,
  response: receipts,
})
const events = adminRoute('revocations', {
  summary: 'Follow a revocation until it is in force',
  description:
    'Server-sent events of the type `receipt`, whose data is a `ReceiptEvent`: one for each change of a guard, and the last with `inForce` true.',
  ...one,
  response: {
    200: {
      description: 'The stream ends when the revocation is in force, which takes no longer than a lease.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
  },
})
const guards = adminRoute('revocations', { summary: 'List the live guards', response: { 200: GuardList } })

export const revocationRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps, leaseMs } = deps

  const readRevocation = async (seq: number) => {
    const stored = await readReceipt(db, seq)
    if (stored === undefined) throw new ProblemError('not-found', 'no such revocation')
    return stored
  }

  app.post('/admin/sessions/end-all', endAll, async (request, reply) => {
    const revoked = await revocations.endAllSessions(adminContextOf(request))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })

  app.get('/admin/revocations/:seq', receipt, async (request, reply) => {
    const { revoked, receipt: seen } = await readRevocation(Number(request.params.seq))
    if (seen === undefined) return sendReceipt(request, reply, { revoked, barrierDeps })
    return { ...revoked, inForce: true, ...seen }
  })

  app.get('/admin/revocations', list, async request => {
    const { limit = '50', cursor } = request.query
    const rows = await listRevocations(db, { before: readRevocationCursor(cursor), limit: Number(limit) + 1 })
    const { page, nextCursor } = pageOf(rows, Number(limit), ({ seq }) => [seq])
    return { revocations: page.map(revocationView), nextCursor }
  })

  app.get('/admin/revocations/:seq/events', events, async (request, reply) => {
    const seq = Number(request.params.seq)
    const { revoked, receipt: seen } = await readRevocation(seq)
    // nginx passes the stream on as it comes.
    reply.header('x-accel-buffering', 'no').type('text/event-stream')
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

  app.get('/admin/guards', guards, async () => {
    const live = await readLiveGuards(db)
    const { head, holdUntilMs, dbNowMs } = live
    const heldUntil = holdUntilMs !== null && holdUntilMs > dbNowMs ? new Date(holdUntilMs).toISOString() : null
    return { head, heldUntil, leaseMs, guards: live.guards.map(guard => guardView(guard, live)) }
  })
}
