/** Security headers of every response. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'

/** With `HSTS_SECONDS` 0, Strict-Transport-Security is left to the gateway. */
type HstsSettings = Pick<Config, 'HSTS_SECONDS' | 'HSTS_SUBDOMAINS'>

/** @returns the headers by name; routes that serve HTML replace the Content-Security-Policy with their own */
export function securityHeaders({ HSTS_SECONDS, HSTS_SUBDOMAINS }: HstsSettings): Record<string, string> {
  const hsts = `max-age=${HSTS_SECONDS}${HSTS_SUBDOMAINS ? '; includeSubDomains' : ''}`
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    ...(HSTS_SECONDS === 0 ? {} : { 'strict-transport-security': hsts }),
  }
}

export function addSecurityHeaders(app: FastifyInstance, settings: HstsSettings): void {
  const headers = securityHeaders(settings)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
