/** Every route of this folder is guarded. */
import { type GuardOptions, guard } from '@gatehouse/guard'
import type { FastifyPluginAsync } from 'fastify'

const storage: FastifyPluginAsync<{ guardOptions: GuardOptions }> = async (app, { guardOptions }) => {
  await app.register(guard, guardOptions)
  app.get('/', async request => ({ caller: request.caller.id }))
}

export default storage
