/** `/verify` answers a gateway's sub-request: nginx auth_request, Caddy, Traefik, Envoy, HAProxy, Apache. */
import type { IncomingMessage } from 'node:http'
import { closedToOrigins } from '@gatehouse/http'
import type { FastifyInstance } from 'fastify'
import { identityOf } from './identity.ts'
import { requireScopes, scopesIn } from './scopes.ts'

export interface VerifyOptions {
  /** Scopes that every request needs. */
  scope: readonly string[]
  /** Envoy accepts 200 only; the others accept any 2xx. */
  successStatus: number
}

/** The header by which a gateway requires scopes. A client that sends it can only be refused more. */
const scopeHeader = 'x-verify-scope'

/**
 * Makes `GET /verify` of every request for `/verify` or below. Gateways repeat the method, append
 * the path and keep the query string of the original request; none of them concerns the decision.
 * @param request the request, whose method is replaced
 * @returns the path to route
 */
export function verifyPathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  if (!/^\/verify(?:[/?]|$)/.test(url)) return url
  request.method = 'GET'
  return '/verify'
}

export async function verifyRoutes(app: FastifyInstance, { scope, successStatus }: VerifyOptions): Promise<void> {
  app.get('/verify', {
    exposeHeadRoute: false,
    config: { ...closedToOrigins, guard: { scope } },
    handler: async ({ caller, headers }, reply) => {
      requireScopes(caller, scopesIn(headers[scopeHeader]?.toString(), `headers/${scopeHeader}`))
      return reply.code(successStatus).header('cache-control', 'no-store').headers(identityOf(caller)).send()
    },
  })
}
