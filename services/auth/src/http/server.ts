/** Creates the HTTP server that all routes share: limits, metrics, problem details, cookies and OpenAPI. */
import cookiePlugin from '@fastify/cookie'
import {
  addHeaders,
  crossOrigin,
  type ProblemDetailsOptions,
  problemDetails,
  type RequestMetrics,
  strictRequests,
} from '@gatehouse/http'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { type DocsOptions, openApi } from './docs.ts'
import { addPublicPrefix } from './publicLocation.ts'
import { responseHeaders } from './responseHeaders.ts'
import { type LogStream, serverOptions } from './serverOptions.ts'

export interface ServerOptions {
  problemOptions: ProblemDetailsOptions
  docs: DocsOptions
  requests: RequestMetrics
  /** Receives the log lines; standard output when undefined. */
  logStream: LogStream | undefined
}

/** Must be called before routes are registered: its plugins apply to all of them. */
export async function createServer(config: Config, options: ServerOptions): Promise<FastifyInstance> {
  const { problemOptions, docs, requests, logStream } = options
  const app = Fastify(serverOptions(config, problemOptions, logStream))
  addHeaders(app, responseHeaders(config))
  addPublicPrefix(app, config.ISSUER)
  await app.register(requests.plugin)
  await app.register(crossOrigin, { origins: config.ALLOWED_ORIGINS, credentials: 'include' })
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
  await app.register(strictRequests)
  await app.register(cookiePlugin)
  await openApi(app, docs)
  return app
}
