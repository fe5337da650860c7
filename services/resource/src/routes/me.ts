/** `GET /me`: the caller as the access token describes it. */
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { guardedSchema } from '../openApi.ts'

const Caller = Type.Object({
  id: Type.String(),
  sessionId: Type.String(),
  roles: Type.Array(Type.String()),
  scopes: Type.Array(Type.String()),
  clientId: Type.String(),
  expiresAt: Type.String({ format: 'date-time' }),
})
const schema = guardedSchema({ summary: 'Read the caller of the token', ok: { 200: Caller } })

export async function meRoutes(app: FastifyInstance): Promise<void> {
  app.get('/me', { schema }, async ({ caller }, reply) => {
    const { id, sid, roles, scopes, clientId, claims } = caller
    reply.header('cache-control', 'no-store')
    return { id, sessionId: sid, roles, scopes, clientId, expiresAt: new Date(claims.exp * 1000).toISOString() }
  })
}
