/** The plain shape: a guarded scope, and nothing else of Gatehouse. */
import { type GuardOptions, guard } from '@gatehouse/guard'
import fastify, { type FastifyInstance } from 'fastify'
import { addOwnRoutes } from './ownRoutes.js'

export async function buildPlain(options: GuardOptions): Promise<FastifyInstance> {
  const app = fastify()
  addOwnRoutes(app)
  await app.register(async scope => {
    await scope.register(guard, options)
    scope.get('/storage', async request => ({ caller: request.caller.id }))
  })
  return app
}
