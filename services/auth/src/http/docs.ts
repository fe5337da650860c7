/** The OpenAPI 3.1 document, generated from the route schemas, and the page that shows it. */
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import {
  AuditView,
  ClientView,
  EndedSession,
  KeyView,
  Problem,
  Receipt,
  SessionView,
  UserView,
} from '@gatehouse/contract'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { completeDocument } from './completeDocument.ts'

export interface DocsOptions {
  issuer: string
  cookieName: string
  version: string
  hasPage: boolean
}

/** Must be registered before the routes: it records each route on registration. */
export async function openApi(app: FastifyInstance, { issuer, version, cookieName }: DocsOptions): Promise<void> {
  const schemas = [Problem, Receipt, UserView, SessionView, EndedSession, ClientView, KeyView, AuditView]
  for (const schema of schemas) app.addSchema(schema)
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
          cookie: {
            type: 'apiKey',
            in: 'cookie',
            name: cookieName,
            description: 'The refresh cookie. Without it the body has the refresh token.',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => ({
      schema: withDocumentation(schema, { url, method: String(route.method) }),
      url,
    }),
    transformObject: documentObject =>
      completeDocument('openapiObject' in documentObject ? documentObject.openapiObject : {}),
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
    // Only with a slash at the end does the page name its files relative to itself, and so below any prefix of a gateway.
    page.addHook('onRequest', async (request, reply) => {
      if (request.url.split('?')[0] === '/docs') return reply.redirect('docs/')
    })
    const files = swaggerUiFiles()
    await page.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: contentSecurityPolicy,
      baseDir: fileURLToPath(files),
      logo: { type: 'image/svg+xml', content: Buffer.from(logo), href: '/' },
      theme: {
        title: 'Gatehouse auth service: API',
        favicon: [
          {
            filename: 'icon.svg',
            rel: 'icon',
            type: 'image/svg+xml',
            sizes: 'any',
            content: Buffer.from(logo).toString(),
          },
        ],
      },
    })
  })
}

/** The library sets style attributes; its own policy would block them and report it on the console. */
const contentSecurityPolicy = {
  'default-src': ["'self'"],
  'base-uri': ["'self'"],
  'frame-ancestors': ["'none'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'style-src': ["'self'", "'unsafe-inline'"],
}

/** The name instead of the library's logo. */
const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40" viewBox="0 0 160 40">
<text x="0" y="28" font-family="sans-serif" font-size="26" fill="#fff">Gatehouse</text></svg>`

/** The library looks for its files beside its code, which is elsewhere in a bundle, so the path is passed. */
function swaggerUiFiles(): URL {
  return new URL('./', import.meta.resolve('@fastify/swagger-ui/static/logo.svg'))
}
