/** The plugin that rejects ambiguous requests: strict JSON bodies, query parameters and Authorization given once. */
import { decodeUtf8, findAuthorization, malformed, parseStrictJson, StrictJsonError } from '@gatehouse/contract'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

const maxDepth = 20

/**
 * The plugin. It replaces Fastify's JSON parser, which replaces invalid UTF-8 and accepts NUL
 * characters and duplicate members. Every rejected request gets `request-malformed` with the field.
 * @example
 * await app.register(strictRequests)
 */
export const strictRequests = fastifyPlugin(registerStrictRequests, {
  name: '@gatehouse/strict-requests',
  fastify: '5.x',
})

async function registerStrictRequests(app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseBody(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('onRequest', (request, _reply, done) => {
    try {
      findAuthorization(request.raw.rawHeaders)
    } catch (error) {
      return done(error as Error)
    }
    const { query } = request
    for (const name in query as object) {
      const error = parameterErrorIn((query as Record<string, unknown>)[name])
      if (error !== null) return done(malformed(/^[\w.-]{1,64}$/.test(name) ? `query/${name}` : 'query', error))
    }
    if (request.url.includes('%00')) return done(malformed('path', 'contains a NUL character'))
    done()
  })
}

function parseBody(body: Buffer): unknown {
  // HTTP libraries set the content type for requests without a body too: an empty body is no body.
  if (body.length === 0) return undefined
  try {
    return parseStrictJson(decodeUtf8(body), maxDepth)
  } catch (error) {
    if (error instanceof StrictJsonError) throw malformed('body', error.message)
    throw error
  }
}

function parameterErrorIn(value: unknown): string | null {
  if (Array.isArray(value)) return 'must be given once'
  return typeof value === 'string' && value.includes('\0') ? 'contains a NUL character' : null
}
