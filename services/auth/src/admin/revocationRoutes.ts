/** `/admin/everyone`, `/admin/revocations`, `/admin/guards`: the break-glass, and what is in force. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { EndAllRequest, GuardList, ProblemError, ReceiptRef } from '@gatehouse/contract'
import { Type } from 'typebox'
import { auditContextOf } from '../http/auditContext.ts'
import { sendReceipt } from '../revoke/sendRevocation.ts'
import { readLiveGuards } from '../store/guards.ts'
import { readReceipt } from '../store/receipts.ts'
import { type AdminDeps, adminProblemResponses } from './deps.ts'

const tags = ['admin: revocations']

export const revocationRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db, revocations, barrierDeps }) => {
  const endAll = {
    tags,
    summary: 'Break the glass: end every session there is',
    body: EndAllRequest,
    response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses() },
  }
  app.post('/sessions/end-all', { schema: endAll }, async (request, reply) => {
    const revoked = await revocations.endAllSessions(auditContextOf(request, request.body.reason ?? null))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })

  const again = {
    tags,
    summary: 'The receipt of a revocation: waits until it is in force, unless that was seen already',
    params: Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
    response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found') },
  }
  app.get('/revocations/:seq', { schema: again }, async (request, reply) => {
    const receipt = await readReceipt(db, Number(request.params.seq))
    if (receipt === undefined) throw new ProblemError('not-found', 'no such revocation')
    const { revoked, proof } = receipt
    if (proof === undefined) return sendReceipt(request, reply, { revoked, barrierDeps })
    reply.header('cache-control', 'no-store')
    return { ...revoked, inForce: true, ...proof }
  })

  const guards = { tags, summary: 'The live guards', response: { 200: GuardList, ...adminProblemResponses() } }
  app.get('/guards', { schema: guards }, async (_request, reply) => {
    const { guards: live, head, dbNowMs } = await readLiveGuards(db)
    reply.header('cache-control', 'no-store')
    return {
      head,
      guards: live.map(({ id, name, version, cursor, leaseUntilMs, lastSeenAt }) => ({
        guard: id,
        name,
        version,
        cursor,
        lag: head - cursor,
        leaseLeftMs: Math.round(leaseUntilMs - dbNowMs),
        lastSeenAt: lastSeenAt.toISOString(),
      })),
    }
  })
}
