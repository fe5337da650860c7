/** The OpenAPI 3.1 document, generated from the route schemas, and the page that shows it. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { AuditView, ClientView, Problem, Receipt, SessionDetail, UserView } from '@gatehouse/contract'
import type { FastifyInstance, FastifySchema } from 'fastify'

export interface DocsOptions {
  issuer: string
  version: string
  hasPage: boolean
}

/** Must be registered before the routes: it records each route on registration. */
export async function openApi(app: FastifyInstance, { issuer, version }: DocsOptions): Promise<void> {
  for (const schema of [Problem, Receipt, UserView, SessionDetail, ClientView, AuditView]) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse auth service',
        version,
        description: 'Sessions and revocation for services behind a gateway.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: issuer }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description:
              'An access token. The listed scopes are those that a service client needs; `x-roles` lists the roles that a user needs.',
          },
          client: { type: 'http', scheme: 'basic', description: 'The id and secret of a service client.' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({
      schema: withDocumentation(schema, { url, method: String(route.method) }),
      url,
    }),
    refResolver: { buildLocalReference: (json, _base, _fragment, place) => String(json.$id ?? `def-${place}`) },
  })
}

/** Adds what OpenAPI requires and the validator does not use. */
export function withDocumentation(
  schema: FastifySchema | undefined,
  { url, method }: { url: string; method: string },
): FastifySchema {
  const { body, ...rest } = schema ?? {}
  return {
    operationId: operationIdOf(method, url),
    security: [],
    ...rest,
    ...(body === undefined ? {} : { body: toDraft2020(body as Record<string, unknown>) }),
  }
}

/** `GET /admin/users/:id` is `getAdminUsersById`. */
export function operationIdOf(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9:]+/).filter(word => word !== '')
  const named = words.map(word => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)))
  return method.toLowerCase() + named.join('')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** The validator uses JSON Schema draft 7; draft 2020-12, which OpenAPI 3.1 uses, renamed this keyword. */
function toDraft2020({ dependencies, ...body }: Record<string, unknown>): Record<string, unknown> {
  return dependencies === undefined ? body : { ...body, dependentRequired: dependencies }
}

/** Serves the documentation page, the service's only HTML; its headers do not apply to other routes. */
export async function docsPage(app: FastifyInstance, { hasPage }: DocsOptions): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  if (!hasPage) return
  await app.register(async page => {
    // Strict-Transport-Security is a setting of the service: the default of the library covers all sub-domains for a year.
    await page.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false })
    const files = swaggerUiFiles()
    await page.register(swaggerUi, {
      ...{ routePrefix: '/docs', staticCSP: true, baseDir: fileURLToPath(files) },
      logo: { type: 'image/svg+xml', content: await readFile(new URL('logo.svg', files)) },
    })
  })
}

/** The library looks for its files beside its code, which is elsewhere in a bundle, so the path is passed. */
function swaggerUiFiles(): URL {
  return new URL('./', import.meta.resolve('@fastify/swagger-ui/static/logo.svg'))
}
