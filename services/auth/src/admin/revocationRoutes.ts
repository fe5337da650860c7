/**
 * `/admin/sessions/end-all`, `/admin/revocations`, `/admin/guards`: end every session, read
 * receipts, list guards.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { EndAllRequest, GuardList, ProblemError, ReceiptRef } from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendRevocation.ts'
import { readLiveGuards } from '../store/guards.ts'
import { readReceipt } from '../store/receipts.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { guardView } from './serialize.ts'

const tags = ['admin: revocations']

const endAll = {
  tags,
  summary: 'End every session',
  body: EndAllRequest,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('reauthentication-required') },
}

const receipt = {
  tags,
  summary: 'Read the receipt of a revocation',
  description: 'Waits until the revocation is in force, unless an earlier request has seen that.',
  params: Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found') },
}

const guards = { tags, summary: 'List the live guards', response: { 200: GuardList, ...adminProblemResponses() } }

export const revocationRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps } = deps

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

  app.get('/guards', { schema: guards }, async (_request, reply) => {
    const live = await readLiveGuards(db)
    const { head, holdUntilMs, dbNowMs } = live
    reply.header('cache-control', 'no-store')
    const heldUntil = holdUntilMs !== null && holdUntilMs > dbNowMs ? new Date(holdUntilMs).toISOString() : null
    return { head, heldUntil, guards: live.guards.map(guard => guardView(guard, live)) }
  })
}
