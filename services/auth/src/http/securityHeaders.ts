/** Security headers of every response. */
import type { FastifyInstance } from 'fastify'

export interface SecurityHeaderOptions {
  /** `max-age` of Strict-Transport-Security; 0 leaves the header to the gateway. */
  hstsSeconds: number
  hstsSubdomains: boolean
}

/** Routes that serve HTML replace the Content-Security-Policy with their own. */
export function addSecurityHeaders(app: FastifyInstance, { hstsSeconds, hstsSubdomains }: SecurityHeaderOptions): void {
  const hsts = `max-age=${hstsSeconds}${hstsSubdomains ? '; includeSubDomains' : ''}`
  const headers = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    ...(hstsSeconds === 0 ? {} : { 'strict-transport-security': hsts }),
  }
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
