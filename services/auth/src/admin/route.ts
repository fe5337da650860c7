/** `/admin`: everything that admins, auditors and machines with a scope may do. */
import type { Verifier } from '@gatehouse/guard'
import type { FastifyPluginAsync } from 'fastify'
import { identifyAnybody } from '../http/authenticate.ts'
import type { CallLimit } from '../rateLimits/adminCallLimit.ts'
import { auditRoutes } from './auditRoutes.ts'
import { clientRoutes } from './clientRoutes.ts'
import type { AdminRooms } from './deps.ts'
import { permit } from './requirePermission.ts'
import { revocationRoutes } from './revocationRoutes.ts'
import { adminSessionRoutes } from './sessionRoutes.ts'
import { userActs } from './userActionRoutes.ts'
import { userRoutes } from './userRoutes.ts'
import { userChanges } from './userUpdateRoutes.ts'

export interface AdminRoutes extends AdminRooms {
  verifier: Verifier
  mayCall: CallLimit
}

export const adminRoutes: FastifyPluginAsync<AdminRoutes> = async (app, given) => {
  const { db, verifier, mayCall, passwords, revocations, waiting } = given
  const rooms = { db, passwords, revocations, waiting }
  app.addHook('onRequest', identifyAnybody({ db, verifier }))
  app.addHook('onRequest', mayCall)
  permit(app)
  // An act without a reason may come without a body.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method !== 'GET') request.body ??= {}
    done()
  })
  await app.register(userRoutes, rooms)
  await app.register(userChanges, rooms)
  await app.register(userActs, rooms)
  await app.register(adminSessionRoutes, rooms)
  await app.register(clientRoutes, rooms)
  await app.register(revocationRoutes, rooms)
  await app.register(auditRoutes, rooms)
}
