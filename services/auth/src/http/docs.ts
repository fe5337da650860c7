/** The OpenAPI 3.1 document, made from the routes' own schemas, and a page to read it. */
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { AuditView, ClientView, Problem, Receipt, SessionDetail, UserView } from '@gatehouse/contract'
import type { FastifyInstance } from 'fastify'

export interface DocsOptions {
  issuer: string
  version: string
  hasPage: boolean
}

/** Comes before the routes: it hears of each as it is registered. */
export async function openApi(app: FastifyInstance, { issuer, version }: DocsOptions): Promise<void> {
  for (const schema of [Problem, Receipt, UserView, SessionDetail, ClientView, AuditView]) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse auth service',
        version,
        description: 'Sessions and revocation for services behind a gateway.',
      },
      servers: [{ url: issuer }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          client: { type: 'http', scheme: 'basic' },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, place) => String(json.$id ?? `def-${place}`) },
  })
}

/** The only HTML that is served; its own headers stay with it. */
export async function docsPage(app: FastifyInstance, { hasPage }: DocsOptions): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  if (!hasPage) return
  await app.register(async page => {
    await page.register(helmet, { contentSecurityPolicy: false })
    await page.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  })
}
