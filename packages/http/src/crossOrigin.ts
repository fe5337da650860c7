/** The plugin for browser pages on other origins (CORS). */
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Overrides the options of @fastify/cors for a route; false switches it off. */
    cors?: FastifyCorsOptions | false
  }
}

export interface CrossOriginOptions {
  /** Origins of pages that may read responses, exactly as browsers send them. */
  origins: readonly string[]
  /** `include`: pages of these origins may send cookies. */
  credentials: 'include' | 'omit'
}

/** Headers that a page on another origin may read. */
const exposedHeaders = [
  ...['Allow', 'ETag', 'Location', 'Preference-Applied', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
  ...['RateLimit', 'RateLimit-Policy'],
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const preflightSeconds = 600

/** `config` of a route whose responses every page may read, without credentials: keys and metadata. */
export const openToAllOrigins: { cors: FastifyCorsOptions } = { cors: { origin: '*', credentials: false } }

/** Answers preflights from every page for a path whose route is open to all origins. */
export function answerEveryPreflight(app: FastifyInstance, path: string): void {
  const config = { cors: { ...openToAllOrigins.cors, preflight: false } }
  app.options(path, { config, schema: { hide: true } as object }, (_request, reply) => {
    reply.headers({
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*',
      'access-control-max-age': String(preflightSeconds),
    })
    // The handler for unknown routes adds `Allow`.
    reply.callNotFound()
  })
}

/** `config` of a route that no page calls. A preflight must not be answered for the caller behind it. */
export const closedToOrigins = { cors: false } as const

/**
 * The plugin. Register it on the root instance before `problemDetails`, so that error responses
 * carry its headers too.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 * @example
 * await app.register(crossOrigin, { origins: ['https://shop.example'], credentials: 'omit' })
 */
export const crossOrigin = fastifyPlugin(registerCrossOrigin, { name: '@gatehouse/cross-origin', fastify: '5.x' })

async function registerCrossOrigin(app: FastifyInstance, options: CrossOriginOptions): Promise<void> {
  const { origins, credentials } = options
  const allowed = new Set(origins)
  await app.register(cors, {
    // Without origins, no response varies by origin.
    origin: allowed.size === 0 ? false : (origin, done) => done(null, isAllowed(origin) && origin),
    credentials: credentials === 'include',
    methods,
    exposedHeaders,
    maxAge: preflightSeconds,
    // An OPTIONS request that is no preflight gets the methods of the route instead of an error.
    strictPreflight: false,
  })

  function isAllowed(origin: string | undefined): origin is string {
    return origin !== undefined && allowed.has(origin)
  }
}
