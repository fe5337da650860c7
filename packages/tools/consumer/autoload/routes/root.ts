/** Unguarded routes. */
import type { FastifyPluginAsync } from 'fastify'

const root: FastifyPluginAsync = async app => {
  app.get('/full', async () => {
    throw app.httpErrors.unprocessableEntity('the shelf is full')
  })
}

export default root
