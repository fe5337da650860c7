/** Limits the admin calls of each user and service client, over all replicas. */
import type { Clock } from '@gatehouse/clock'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { auditContextOf } from '../http/actorContext.ts'
import type { Count } from '../store/rateLimits.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { boundedMap } from './boundedMap.ts'
import { rateLimited, rateLimitFields } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

const windowSeconds = 60
/** Bounds memory: beyond it the oldest block is forgotten, and learnt again from the database. */
const maxBlockedCallers = 10_000

export type CallLimit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

export interface CallLimitOptions {
  db: Db
  rawSql: QueryRaw
  clock: Clock
  quota: number
}

/** An onRequest hook for authenticated requests; every response carries the `RateLimit` fields. */
export function createAdminCallLimit({ db, rawSql, clock, quota }: CallLimitOptions): CallLimit {
  const counter = sharedCounter({ db: rawSql, keyPrefix: 'admin', max: quota, windowSeconds })
  const blockedUntilMs = boundedMap<number>(maxBlockedCallers)
  const fieldsOf = ({ points, leftMs }: Count) =>
    rateLimitFields({ policy: 'admin', quota, windowSeconds, remaining: Math.max(0, quota - points), resetMs: leftMs })
  const refuse = (leftMs: number): never => {
    throw rateLimited({ policy: 'admin', quota, windowSeconds, resetMs: leftMs }, 'too many admin calls')
  }

  return async (request, reply) => {
    const { id } = request.caller
    const blockedMs = (blockedUntilMs.get(id) ?? 0) - clock.nowMs()
    if (blockedMs > 0) refuse(blockedMs)
    blockedUntilMs.delete(id)
    const count = await counter.add(id)
    if (count.points <= quota) {
      reply.headers(fieldsOf(count))
      return
    }
    blockedUntilMs.set(id, clock.nowMs() + count.leftMs)
    // Only the first refused call is audited; later ones cost no statement.
    if (count.points === quota + 1) {
      const target = request.routeOptions.url ?? null
      await writeAudit(db, auditContextOf(request), { action: 'admin.call', target, outcome: 'rate-limited' })
    }
    refuse(count.leftMs)
  }
}
