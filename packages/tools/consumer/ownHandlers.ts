/** An application with its own error and not-found handlers, which uses problem details for refusals. */
import { type GuardOptions, guard, problemDetails } from '@gatehouse/guard'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { addOwnRoutes } from './ownRoutes.js'

export async function buildOwnHandlers(options: GuardOptions): Promise<FastifyInstance> {
  const app = fastify()
  app.setErrorHandler<FastifyError>((error, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ oops: error.message }),
  )
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ oops: 'not here' }))
  await app.register(async scope => {
    await scope.register(problemDetails, { problemBase: `${options.issuer}/problems`, realm: 'warehouse' })
    await scope.register(guard, options)
    scope.get('/storage', async request => ({ caller: request.caller.id }))
    addOwnRoutes(scope)
  })
  return app
}
