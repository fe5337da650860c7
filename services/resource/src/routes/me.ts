/** `GET /me`: the caller as the access token describes it. */
import type { FastifyInstance } from 'fastify'

export async function me(app: FastifyInstance): Promise<void> {
  app.get('/me', async ({ caller }, reply) => {
    const { id, sid, roles, scopes, clientId, claims } = caller
    reply.header('cache-control', 'no-store')
    return { id, sessionId: sid, roles, scopes, clientId, expiresAt: new Date(claims.exp * 1000).toISOString() }
  })
}
