/** `/admin`: the routes of admins, auditors, and service clients with an admin scope. */
import type { Verifier } from '@gatehouse/guard'
import type { FastifyPluginAsync } from 'fastify'
import { authenticateAny } from '../http/authenticate.ts'
import type { CallLimit } from '../rateLimits/adminCallLimit.ts'
import type { CallerReads } from '../store/callerReads.ts'
import { auditDenials } from './auditDenials.ts'
import { auditRoutes } from './auditRoutes.ts'
import { clientRoutes } from './clientRoutes.ts'
import type { AdminDeps } from './deps.ts'
import { keyRoutes } from './keyRoutes.ts'
import { requirePermission } from './requirePermission.ts'
import { revocationRoutes } from './revocationRoutes.ts'
import { adminSessionRoutes } from './sessionRoutes.ts'
import { userActionRoutes } from './userActionRoutes.ts'
import { userRoutes } from './userRoutes.ts'

export interface AdminRoutes extends AdminDeps {
  verifier: Verifier
  callers: CallerReads
  limitCalls: CallLimit
  /** How old the log-in may be for sensitive actions, in seconds. */
  recentLoginSeconds: number
}

export const adminRoutes: FastifyPluginAsync<AdminRoutes> = async (app, deps) => {
  const { db, verifier, callers, limitCalls, recentLoginSeconds } = deps
  app.addHook('onRequest', authenticateAny({ callers, verifier }))
  app.addHook('onRequest', limitCalls)
  requirePermission(app, recentLoginSeconds)
  auditDenials(app, db)
  // A request that gives no reason may come without a body.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method !== 'GET') request.body ??= {}
    done()
  })
  await app.register(userRoutes, deps)
  await app.register(userActionRoutes, deps)
  await app.register(adminSessionRoutes, deps)
  await app.register(clientRoutes, deps)
  await app.register(keyRoutes, deps)
  await app.register(revocationRoutes, deps)
  await app.register(auditRoutes, deps)
}
