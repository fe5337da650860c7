/** `/admin/.../sessions`: list the sessions of an account, end one, end many. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ActionRequest,
  ActiveSessions,
  BulkEnd,
  BulkPreview,
  Id,
  ProblemError,
  ReceiptRef,
  SessionDetails,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readAccount } from '../store/accounts.ts'
import { countActive } from '../store/countActive.ts'
import { listEndedSessions } from '../store/listEndedSessions.ts'
import { listSessions, ownerOf } from '../store/listSessions.ts'
import { bulkRevoke, previewBulkRevoke } from './bulkRevoke.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { assertConfirmed } from './policies.ts'
import { sessionDetail } from './serialize.ts'

const tags = ['admin: sessions']
const params = Type.Object({ id: Id })
const maxSessions = 200

const list = {
  tags,
  summary: 'List the active sessions of an account, and those that ended recently',
  params,
  response: { 200: SessionDetails, ...adminProblemResponses('not-found') },
}

const count = {
  tags,
  summary: 'Count the active sessions of all accounts',
  response: { 200: ActiveSessions, ...adminProblemResponses() },
}

const endOne = {
  tags,
  summary: 'End one session',
  params,
  body: ActionRequest,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found', 'confirmation-required') },
}

const endMatching = {
  tags,
  summary: 'End all sessions that match the criteria, or count them',
  description: 'Only an admin may end more than half of all active sessions without naming their accounts.',
  body: BulkEnd,
  response: {
    200: Type.Union([ReceiptRef, BulkPreview]),
    202: ReceiptRef,
    ...adminProblemResponses('confirmation-required'),
  },
}

export const adminSessionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps } = deps

  app.get('/users/:id/sessions', { schema: list }, async (request, reply) => {
    const { id } = request.params
    if ((await readAccount(db, id)) === undefined) throw new ProblemError('not-found', 'no such account')
    const rows = await listSessions(db, { accountId: id, limit: maxSessions })
    const ended = await listEndedSessions(db, id)
    reply.header('cache-control', 'no-store')
    return { sessions: rows.map(row => sessionDetail(row, request.caller.sid)), ended }
  })

  app.get('/sessions/count', { schema: count }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { activeSessions: await countActive(db) }
  })

  app.post('/sessions/:id/end', { schema: endOne }, async (request, reply) => {
    const { id: sessionId } = request.params
    const { reason = null, confirm } = request.body
    // Only the session of this request needs the confirmation, not the caller's other sessions.
    assertConfirmed({ actor: { id: request.caller.sid }, confirm }, { id: sessionId })
    const context = adminContextOf(request, reason)
    const revoked = await revocations.endSessions({ kind: 'one', sessionId }, 'revoked', context)
    if (revoked.sessionsEnded === 0 && (await ownerOf(db, sessionId)) === undefined)
      throw new ProblemError('not-found', 'no such session')
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })

  app.post('/sessions/end', { schema: endMatching }, async (request, reply) => {
    const { criteria, dryRun = false, reason = null, confirm } = request.body
    const context = adminContextOf(request, reason)
    const actor = await context.readActor(db)
    const preview = await previewBulkRevoke(db, { criteria, actor })
    reply.header('cache-control', 'no-store')
    if (dryRun) {
      const { asOf: _, ...counted } = preview
      return { dryRun: true as const, ...counted }
    }
    if (preview.includesCurrentSession && confirm !== 'myself') {
      throw new ProblemError('confirmation-required', 'a bulk end that covers its caller')
    }
    const revoked = await bulkRevoke(deps, { criteria, preview }, context)
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
