/** Routes of the application that have nothing to do with the guard. */
import type { FastifyInstance } from 'fastify'

export function addOwnRoutes(app: FastifyInstance): void {
  app.get('/full', async () => {
    throw Object.assign(new Error('the shelf is full'), { statusCode: 422 })
  })
}
