/** Writes admin requests that are refused with 403, for a lack of rights or a disabled account, to the audit log. */
import { ProblemError, problemDefinition } from '@gatehouse/contract'
import type { FastifyInstance } from 'fastify'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Db } from '../database/database.ts'
import { auditContextOf } from '../http/actorContext.ts'
import { writeAudit } from '../store/writeAudit.ts'

/**
 * For each actor and replica. Further refusals within the minute are not written, so that they
 * cannot fill the log.
 */
const maxPerMinute = 10

export function auditDenials(app: FastifyInstance, db: Db): void {
  const limiter = new RateLimiterMemory({ points: maxPerMinute, duration: 60 })
  app.addHook('onError', async (request, _reply, error) => {
    if (!(error instanceof ProblemError) || problemDefinition(error.code).status !== 403) return
    const isWithinLimit = await limiter.consume(request.caller.id).then(
      () => true,
      () => false,
    )
    if (!isWithinLimit) return
    const { url = null } = request.routeOptions
    const detail = { method: request.method, route: url, why: error.message }
    const entry = { action: 'admin.denied', target: null, outcome: error.code, detail } as const
    // The refusal is sent whether or not it can be written.
    await writeAudit(db, auditContextOf(request), entry).catch(cause => {
      request.log.warn({ err: cause }, 'the audit entry of a denied admin request could not be written')
    })
  })
}
