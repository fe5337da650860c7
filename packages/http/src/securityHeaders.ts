/** Security headers of every response that is not a page. */
import type { FastifyInstance } from 'fastify'

/** Routes that serve HTML replace the Content-Security-Policy with their own. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
}

/**
 * Sets headers on every response that passes the hooks. `errorHeaders` of `fastifyDefaults` sets them on the others.
 * Must be called before routes are registered.
 */
export function addHeaders(app: FastifyInstance, headers: Readonly<Record<string, string>>): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
