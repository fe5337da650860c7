/** The OpenAPI 3.1 document of the example routes, at `/openapi.json`. */
import swagger from '@fastify/swagger'
import { Problem, type ProblemCode, problemDefinition } from '@gatehouse/contract'
import type { FastifyInstance } from 'fastify'

/** Must be registered before the routes: it records each route on registration. */
export async function openApi(
  app: FastifyInstance,
  { version, url }: { version: string; url: string | null },
): Promise<void> {
  app.addSchema(Problem)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse resource service',
        version,
        description: 'A warehouse: an example of guarded routes.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: url ?? '/' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: ({ schema, url: path, route }) => ({
      schema: { security: [], ...schema, hide: schema?.summary === undefined, operationId: idOf(route.method, path) },
      url: path,
    }),
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`) },
  })
  app.get('/openapi.json', { schema: { hide: true } as object }, async () => app.swagger())
}

/** Problems that the guard answers on every route. */
const guardCodes: readonly ProblemCode[] = [
  ...(['token-missing', 'token-expired', 'token-invalid', 'session-ended', 'account-disabled'] as const),
  ...(['request-malformed', 'revocation-unknown', 'unavailable', 'internal-error'] as const),
]
const bodyCodes: readonly ProblemCode[] = ['request-too-large', 'media-type-unsupported']

/** Schema of a guarded route. @param codes further problems of the route */
export function guardedSchema(route: { summary: string; body?: object; ok: object }, ...codes: ProblemCode[]) {
  const { summary, body, ok } = route
  const all = [...guardCodes, ...(body === undefined ? [] : bodyCodes), ...codes]
  const statuses = [...new Set(all.map(code => problemDefinition(code).status))]
  const problems = statuses.map(status => [
    status,
    problemsOf(all.filter(code => problemDefinition(code).status === status)),
  ])
  return {
    tags: ['warehouse'],
    summary,
    security: [{ bearer: [] }],
    ...(body === undefined ? {} : { body }),
    response: { ...ok, ...Object.fromEntries(problems) },
  }
}

function problemsOf(codes: readonly ProblemCode[]): object {
  const status = codes[0] === undefined ? 500 : problemDefinition(codes[0]).status
  return {
    description: codes.map(code => `\`${code}\`: ${problemDefinition(code).description}`).join('; '),
    headers: {
      ...(status === 401 ? { 'WWW-Authenticate': { type: 'string' } } : {}),
      ...(status === 503 ? { 'Retry-After': { type: 'integer' } } : {}),
    },
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
  }
}

/** `GET /storage/restricted` is `getStorageRestricted`. */
function idOf(method: string | readonly string[], path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  return String(method).toLowerCase() + words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
