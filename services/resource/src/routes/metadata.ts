/** `/.well-known/oauth-protected-resource`: where clients find the auth service (RFC 9728). */
import { answerEveryPreflight, openToAllOrigins } from '@gatehouse/http'
import type { FastifyInstance } from 'fastify'

const path = '/.well-known/oauth-protected-resource'

/**
 * @param resource the public URL of the service
 * @returns the URL of its metadata: the well-known path is inserted before the path of the resource
 * @see RFC 9728 section 3.1
 */
export function metadataUrlOf(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}${path}${pathname === '/' ? '' : pathname}`
}

export interface MetadataOptions {
  resource: string
  issuer: string
}

export async function metadataRoutes(app: FastifyInstance, { resource, issuer }: MetadataOptions): Promise<void> {
  const document = {
    resource,
    authorization_servers: [issuer],
    scopes_supported: ['storage:restricted'],
    bearer_methods_supported: ['header'],
  }
  const schema = { tags: ['discovery'], summary: 'Metadata of this resource (RFC 9728)' }
  app.get(path, { config: openToAllOrigins, schema }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=60')
    return document
  })
  answerEveryPreflight(app, path)
}
