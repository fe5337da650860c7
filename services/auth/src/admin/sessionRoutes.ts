/** `/admin/.../sessions`: list the sessions of an account, end one, end many. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ActionRequest, ActiveSessions, BulkEnd, BulkPreview, ProblemError, SessionDetails } from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readAccount } from '../store/accounts.ts'
import { countActive } from '../store/countActive.ts'
import { listEndedSessions } from '../store/listEndedSessions.ts'
import { listSessions, ownerOf } from '../store/listSessions.ts'
import { bulkRevoke, previewBulkRevoke } from './bulkRevoke.ts'
import { type AdminDeps, adminContextOf, adminRoute, IdParams, receipts } from './deps.ts'
import { assertConfirmed } from './policies.ts'

const maxSessions = 200

const list = adminRoute('sessions', {
  summary: 'List the active sessions of an account, and those that ended recently',
  params: IdParams,
  response: { 200: SessionDetails },
  problems: ['not-found'],
})
const count = adminRoute('sessions', {
  summary: 'Count the active sessions of all accounts',
  response: { 200: ActiveSessions },
})
const endOne = adminRoute('sessions', {
  summary: 'End one session',
  params: IdParams,
  body: ActionRequest,
  response: receipts,
  problems: ['not-found', 'confirmation-required'],
})
const endMatching = adminRoute('sessions', {
  summary: 'End all sessions that match the criteria, or count them',
  description: 'Only an admin may end more than half of all active sessions in one hour without naming their accounts.',
  body: BulkEnd,
  response: { 200: Type.Union([receipts[200], BulkPreview]), 202: receipts[202] },
  problems: ['confirmation-required'],
})

export const adminSessionRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, revocations, barrierDeps } = deps

  app.get('/admin/users/:id/sessions', list, async request => {
    const { id } = request.params
    if ((await readAccount(db, id)) === undefined) throw new ProblemError('not-found', 'no such account')
    const sessions = await listSessions(db, { accountId: id, limit: maxSessions, currentId: request.caller.sid })
    const ended = await listEndedSessions(db, id)
    return { sessions, ended }
  })

  app.get('/admin/sessions/count', count, async () => ({ activeSessions: await countActive(db) }))

  app.post('/admin/sessions/:id/end', endOne, async (request, reply) => {
    const { id: sessionId } = request.params
    const { confirm } = request.body
    // Only the session of this request needs the confirmation, not the caller's other sessions.
    assertConfirmed({ own: request.caller.sid, confirm }, sessionId)
    const revoked = await revocations.endSessions({ kind: 'one', sessionId }, 'revoked', adminContextOf(request))
    if (revoked.sessionsEnded === 0 && (await ownerOf(db, sessionId)) === undefined)
      throw new ProblemError('not-found', 'no such session')
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })

  app.post('/admin/sessions/end', endMatching, async (request, reply) => {
    const { criteria, dryRun = false, confirm } = request.body
    const context = adminContextOf(request)
    const actor = await context.readActor(db)
    const preview = await previewBulkRevoke(db, { criteria, actor })
    if (dryRun) {
      const { asOf: _, ...counted } = preview
      return { dryRun: true as const, ...counted }
    }
    if (preview.includesCurrentSession && confirm !== 'myself')
      throw new ProblemError('confirmation-required', 'a bulk end that covers its caller')
    const revoked = await bulkRevoke(deps, { criteria, preview, actor }, context)
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
