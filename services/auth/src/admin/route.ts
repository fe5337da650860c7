/** `/admin`: everything that admins, auditors and machines with a scope may do. */
import type { Verifier } from '@gatehouse/guard'
import type { FastifyPluginAsync } from 'fastify'
import { auditRoutes } from '../audit/route.ts'
import { identifyAnybody } from '../http/caller.ts'
import type { CallLimit } from './callLimit.ts'
import { clientRoutes } from './clientRoutes.ts'
import { permit } from './permit.ts'
import { revocationRoutes } from './revocationRoutes.ts'
import type { AdminRooms } from './rooms.ts'
import { adminSessionRoutes } from './sessionRoutes.ts'
import { userActs } from './userActs.ts'
import { userChanges } from './userChanges.ts'
import { userRoutes } from './userRoutes.ts'

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
