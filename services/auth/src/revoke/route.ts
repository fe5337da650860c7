/** `GET /sessions`, `DELETE /sessions...`: users list and end their own sessions. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Id, InForce, ProblemError, SessionList } from '@gatehouse/contract'
import { Type } from 'typebox'
import type { Db } from '../database/database.ts'
import { actorContextOf } from '../http/actorContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import { listEndedSessions } from '../store/listEndedSessions.ts'
import { listSessions, ownerOf } from '../store/listSessions.ts'
import type { Revocations } from './revoke.ts'
import { type BarrierDeps, sendRevocation } from './sendWhenInForce.ts'

export interface OwnSessionRoutes {
  db: Db
  revocations: Revocations
  barrierDeps: BarrierDeps
}

/** The newest are listed. */
const maxSessions = 200

export const ownSessionRoutes: FastifyPluginAsyncTypebox<OwnSessionRoutes> = async (
  app,
  { db, revocations, barrierDeps },
) => {
  const common = { tags: ['my sessions'], security: [{ bearer: [] }] }
  const guarded = problemResponses(...accessTokenCodes)
  const answers = { 200: InForce, 202: InForce, ...guarded }

  const list = {
    ...common,
    summary: 'List my sessions, and those that ended recently',
    response: { 200: SessionList, ...guarded },
  }
  app.get('/sessions', { schema: list }, async (request, reply) => {
    const { id, sid } = request.caller
    const sessions = await listSessions(db, { accountId: id, limit: maxSessions, currentId: sid })
    const ended = await listEndedSessions(db, id)
    reply.header('cache-control', 'no-store')
    return { sessions, ended }
  })

  const endOne = {
    ...common,
    summary: 'End one of my sessions',
    params: Type.Object({ id: Id }),
    response: { ...answers, ...problemResponses('not-found') },
  }
  app.delete('/sessions/:id', { schema: endOne }, async (request, reply) => {
    const caller = request.caller
    const { id: sessionId } = request.params
    const which = { kind: 'one', sessionId, accountId: caller.id } as const
    const revoked = await revocations.endSessions(which, 'revoked', actorContextOf(request))
    // The response does not tell whether the session exists for another account.
    if (revoked.sessionsEnded === 0 && (await ownerOf(db, sessionId)) !== caller.id)
      throw new ProblemError('not-found', 'no such session of the caller')
    return sendRevocation(request, reply, { revoked, barrierDeps })
  })

  const endOthers = {
    ...common,
    summary: 'End my other sessions',
    querystring: Type.Object({ others: Type.Literal('true') }, { additionalProperties: false }),
    response: answers,
  }
  app.delete('/sessions', { schema: endOthers }, async (request, reply) => {
    const caller = request.caller
    const which = { kind: 'others', accountId: caller.id, exceptSessionId: caller.sid } as const
    const revoked = await revocations.endSessions(which, 'revoked', actorContextOf(request))
    return sendRevocation(request, reply, { revoked, barrierDeps })
  })
}
