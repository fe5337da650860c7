/** `/verify` answers a gateway's sub-request (nginx auth_request, Traefik ForwardAuth, Caddy forward_auth). */
import { ProblemError } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard'
import { closedToOrigins } from '@gatehouse/http'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Type } from 'typebox'

/** The required scopes, separated by spaces (RFC 6749 section 3.3). */
const Query = Type.Object(
  {
    scope: Type.Optional(
      Type.String({ maxLength: 500, pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$' }),
    ),
  },
  { additionalProperties: false },
)
const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export async function verify(app: FastifyInstance): Promise<void> {
  // The gateway repeats the headers of the original request and not always its body, so no body is
  // parsed.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined))
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    delete request.headers['content-type']
    done()
  })

  app.route<{ Querystring: { scope?: string } }>({
    method: methods,
    url: '/verify',
    exposeHeadRoute: false,
    config: closedToOrigins,
    schema: { querystring: Query },
    handler: async ({ caller, query }, reply) => {
      const needed = query.scope?.split(' ') ?? []
      const missing = needed.filter(scope => !caller.scopes.includes(scope))
      if (missing.length > 0)
        throw new ProblemError('insufficient-scope', 'the gateway requires more scopes', { scope: needed })
      // All response headers come from the token. No request header is copied, so none can be
      // spoofed.
      return reply.code(204).header('cache-control', 'no-store').headers(identityOf(caller)).send()
    },
  })
}

function identityOf({ id, sid, roles, scopes, clientId }: Caller): Record<string, string> {
  return {
    'x-auth-subject': headerSafe(id),
    'x-auth-session': headerSafe(sid),
    'x-auth-roles': roles.map(headerSafe).join(','),
    'x-auth-scope': scopes.map(headerSafe).join(' '),
    'x-auth-client': headerSafe(clientId),
  }
}

/**
 * Encodes all but plain characters, so that a value cannot contain a line break, a comma or a
 * space.
 */
function headerSafe(value: string): string {
  return value.replace(/[^\w.~:/@+-]+/g, encodeURIComponent)
}
