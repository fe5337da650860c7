/** Public routes: the key set, the OAuth metadata, and a page for each problem. */
import { algorithms, type ProblemCode, ProblemError, problemDefinition, problems } from '@gatehouse/contract'
import { answerEveryPreflight, openToAllOrigins } from '@gatehouse/http'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { KeyStore } from '../keys/keyStore.ts'
import { problemResponses } from './problemResponses.ts'

export interface DiscoveryOptions {
  issuer: string
  keys: Pick<KeyStore, 'published'>
  /** The grants of the token endpoint. */
  grantTypes: readonly string[]
}

interface Document {
  schema: object
  read: () => Promise<object>
}

export const discoveryRoutes: FastifyPluginAsync<DiscoveryOptions> = async (app, { issuer, keys, grantTypes }) => {
  const tags = ['discovery']
  const publish = (path: string, summary: string, { schema, read }: Document) => {
    const options = {
      config: openToAllOrigins,
      schema: { tags, summary, response: { 200: schema, ...problemResponses() } },
    }
    app.get(path, options, async (_request, reply) => reply.header('cache-control', cacheControl).send(await read()))
    answerEveryPreflight(app, path)
  }
  publish('/.well-known/jwks.json', 'The public keys (RFC 7517)', {
    schema: KeySet,
    read: async () => ({ keys: await keys.published() }),
  })

  const metadata = {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    token_endpoint: `${issuer}/oauth/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    grant_types_supported: grantTypes,
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ],
    // RFC 8414 requires a list that is not empty. There is no authorization endpoint, so no response type.
    response_types_supported: ['none'],
    service_documentation: `${issuer}/docs`,
  }
  // Many libraries look at the second path by default (RFC 8414 section 5).
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])
    publish(path, 'Metadata (RFC 8414)', { schema: Metadata, read: async () => metadata })

  app.get<{ Params: { code: string } }>(
    '/problems/:code',
    {
      schema: {
        tags,
        summary: 'Describes a problem code (RFC 9457)',
        response: { 200: Page, ...problemResponses('not-found') },
      },
    },
    async (request, reply) => {
      const { code } = request.params
      if (!Object.hasOwn(problems, code)) throw new ProblemError('not-found', 'unknown problem code')
      return reply.type('text/plain; charset=utf-8').send(pageOf(code as ProblemCode))
    },
  )
}

const cacheControl = 'public, max-age=60'
const KeySet = Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) })
const Metadata = Type.Object(
  { issuer: Type.String(), jwks_uri: Type.String(), token_endpoint: Type.String() },
  { additionalProperties: true },
)
const Page = { description: 'Plain text.', content: { 'text/plain': { schema: { type: 'string' } } } }

const actionTexts = {
  renew:
    'Renew the access token with the refresh token, then repeat the request once. Without a refresh token, log in.',
  login: 'The session is over: log in.',
  reauthenticate:
    'The session goes on. Send the password to POST /session/reauthenticate, then repeat the request with the new token.',
  stop: 'Repeating the request will not help.',
  retry: 'Repeat the same request after the time in Retry-After. The session is not affected.',
}

function pageOf(code: ProblemCode): string {
  const { status, action, title, description } = problemDefinition(code)
  return `${code}\n\n${title}\n\nStatus: ${status}\nOccurs when: ${description}\nAction: ${action}. ${actionTexts[action]}\n`
}
