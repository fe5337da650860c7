/** Limits the admin calls of each user and service client, over all replicas. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type pg from 'pg'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { Db } from '../database/database.ts'
import { auditContextOf } from '../http/auditContext.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { rateLimitFields } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

const windowSeconds = 60

export type CallLimit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** An onRequest hook for authenticated requests; every response carries the `RateLimit` fields. */
export function createAdminCallLimit({ db, pool, quota }: { db: Db; pool: pg.Pool; quota: number }): CallLimit {
  const counter = sharedCounter({ pool, keyPrefix: 'admin', points: quota, windowSeconds })
  const fieldsOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes) =>
    rateLimitFields({ policy: 'admin', quota, windowSeconds, remaining: remainingPoints, resetMs: msBeforeNext })

  return async (request, reply) => {
    try {
      reply.headers(fieldsOf(await counter.consume(request.caller.id)))
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      // Only the first refused call is audited; later ones cost no statement.
      if (error.consumedPoints === quota + 1) {
        const target = request.routeOptions.url ?? null
        await writeAudit(db, {
          ...auditContextOf(request),
          action: 'admin.call',
          target,
          outcome: 'rate-limited',
          detail: {},
        })
      }
      const retryAfterSeconds = error.msBeforeNext / 1000
      throw new ProblemError('rate-limited', 'too many admin calls', { retryAfterSeconds, headers: fieldsOf(error) })
    }
  }
}
