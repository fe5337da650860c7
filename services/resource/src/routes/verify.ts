/** Answers a gateway's sub-request (nginx auth_request, Traefik ForwardAuth, Caddy forward_auth): may this request pass, and whose is it. */
import { ProblemError } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Type } from 'typebox'

/** Scopes with spaces between, as in RFC 6749 section 3.3. */
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
  // The gateway repeats the headers of the request, not always its body: whatever comes, it is not for us to read.
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
    schema: { querystring: Query },
    handler: async ({ caller, query }, reply) => {
      const needed = query.scope?.split(' ') ?? []
      const missing = needed.filter(scope => !caller.scopes.includes(scope))
      if (missing.length > 0)
        throw new ProblemError('insufficient-scope', 'the gateway asks for more', { scope: needed })
      // The answer's headers come from the token alone: none that came in is copied, so none can be spoofed.
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

/** Nothing but plain characters stands as it is: no line break can make a header, and no comma or space a further value. */
function headerSafe(value: string): string {
  return value.replace(/[^\w.~:/@+-]+/g, encodeURIComponent)
}
