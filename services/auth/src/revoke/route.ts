/** `GET /sessions`, `DELETE /sessions...`: my devices, and ending them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Id, InForce, ProblemError, SessionList } from '@gatehouse/contract'
import { Type } from 'typebox'
import type { Db } from '../database/database.ts'
import { actorContextOf } from '../http/actorContext.ts'
import { problemResponses } from '../http/problemResponses.ts'
import { listSessions, ownerOf, type SessionRow } from '../store/listSessions.ts'
import type { Revocations } from './revoke.ts'
import { type BarrierDeps, sendRevocation } from './sendRevocation.ts'

export interface SessionRoutes {
  db: Db
  revocations: Revocations
  barrierDeps: BarrierDeps
}

/** More devices than anybody has; the newest are shown. */
const most = 200

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionRoutes> = async (
  app,
  { db, revocations, barrierDeps },
) => {
  const common = { tags: ['my sessions'], security: [{ bearer: [] }] }
  const guarded = problemResponses(
    'token-missing',
    'token-expired',
    'token-invalid',
    'session-ended',
    'account-disabled',
  )
  const answers = { 200: InForce, 202: InForce, ...guarded }

  const list = { ...common, summary: 'My devices', response: { 200: SessionList, ...guarded } }
  app.get('/sessions', { schema: list }, async (request, reply) => {
    const { id, sid } = request.caller
    const rows = await listSessions(db, { accountId: id, limit: most })
    reply.header('cache-control', 'no-store')
    return { sessions: rows.map(row => viewOf(row, sid)) }
  })

  const one = {
    ...common,
    summary: 'End one of my sessions',
    params: Type.Object({ id: Id }),
    response: { ...answers, ...problemResponses('not-found') },
  }
  app.delete('/sessions/:id', { schema: one }, async (request, reply) => {
    const caller = request.caller
    const { id: sessionId } = request.params
    // Somebody else's session and none at all look the same.
    if ((await ownerOf(db, sessionId)) !== caller.id) throw new ProblemError('not-found', 'not a session of the caller')
    const revoked = await revocations.endSessions(
      { kind: 'one', sessionId, accountId: caller.id },
      'revoked',
      actorContextOf(request),
    )
    return sendRevocation(request, reply, { revoked, barrierDeps })
  })

  const others = {
    ...common,
    summary: 'End my other sessions',
    querystring: Type.Object({ others: Type.Literal('true') }, { additionalProperties: false }),
    response: answers,
  }
  app.delete('/sessions', { schema: others }, async (request, reply) => {
    const caller = request.caller
    const which = { kind: 'others', accountId: caller.id, exceptSessionId: caller.sid } as const
    const revoked = await revocations.endSessions(which, 'revoked', actorContextOf(request))
    return sendRevocation(request, reply, { revoked, barrierDeps })
  })
}

function viewOf({ id, device, userAgent, address, ...times }: SessionRow, currentId: string) {
  return {
    id,
    current: id === currentId,
    device,
    userAgent,
    address,
    createdAt: times.createdAt.toISOString(),
    renewedAt: times.renewedAt?.toISOString() ?? null,
    expiresAt: times.expiresAt.toISOString(),
  }
}
