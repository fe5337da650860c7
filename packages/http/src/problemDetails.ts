/** The plugin that makes every error response: problem details (RFC 9457). */
import {
  type ProblemCode,
  ProblemError,
  type ProblemExtras,
  type ProblemResponse,
  problemResponse as replyTo,
} from '@gatehouse/contract'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { recordMethods } from './allowedMethods.ts'
import { errorToProblem } from './errorToProblem.ts'
import { createFailureLog } from './failureLog.ts'

/** How error responses name this service. */
export interface ProblemDetailsOptions {
  /** The base URL of the pages that describe problems: `type` is this, a slash and the code. */
  problemBase: string
  /** The protection space that challenges name (RFC 9110 section 11.5). */
  realm: string
  /** The URL of the resource's metadata, which Bearer challenges name (RFC 9728 section 5.1). */
  resourceMetadata?: string | undefined
  /**
   * Maps an error of this service, for example of its database, to a problem. Undefined leaves the
   * error as it is.
   */
  translate?: (error: unknown) => ProblemError | undefined
}

export interface ProblemDetailsPluginOptions extends ProblemDetailsOptions {
  /**
   * `problems`: makes responses from `ProblemError`s only. The error handler that the scope already
   * has gets every other error, and the not-found handler stays.
   *
   * `all`: makes responses from every error and from every unknown route. Register it on the root
   * instance, before the routes. An error that is no problem becomes `internal-error`; its details
   * go to the log only. A method that a path does not have gets `method-not-allowed` with `Allow`,
   * and OPTIONS gets 204 with `Allow`.
   * @default 'problems'
   */
  errors?: 'problems' | 'all'
}

/**
 * The plugin, for the scope in which it is registered.
 * @see RFC 9457
 * @example
 * await app.register(problemDetails, { problemBase: 'https://auth.example/problems', realm: 'warehouse' })
 * app.get('/shelves/:id', async () => {
 *   throw new ProblemError('not-found', 'no such shelf')
 * })
 */
export const problemDetails = fastifyPlugin(registerProblemDetails, {
  name: '@gatehouse/problem-details',
  fastify: '5.x',
})

async function registerProblemDetails(
  app: FastifyInstance,
  { errors = 'problems', ...options }: ProblemDetailsPluginOptions,
): Promise<void> {
  const handleError = createErrorHandler(options)
  if (errors === 'problems') {
    const otherErrors = app.errorHandler
    app.setErrorHandler((error, request, reply) => {
      const problem = options.translate?.(error) ?? error
      if (problem instanceof ProblemError) return handleError(error, request, reply)
      return otherErrors.call(app, error as FastifyError, request, reply)
    })
    return
  }
  app.setErrorHandler(handleError)
  // Node would answer 417 without a problem. An expectation may be ignored (RFC 9110 section 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  const methodsOf = recordMethods(app, app.initialConfig.routerOptions?.maxParamLength ?? 100)
  // Before the body is parsed, which could fail first.
  app.addHook('onRequest', (request, reply, done) => {
    const methods = request.is404 ? methodsOf(pathOf(request)) : undefined
    if (methods === undefined) return done()
    reply.header('allow', methods.join(', '))
    done(new ProblemError('method-not-allowed', request.method))
  })
  app.setNotFoundHandler((request, reply) => {
    const methods = request.method === 'OPTIONS' ? methodsOf(pathOf(request)) : undefined
    if (methods !== undefined) return reply.code(204).header('allow', methods.join(', ')).send()
    return send(reply, problemReply('not-found', {}, { ...options, requestId: request.id }))
  })
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? url
}

/**
 * Creates an error handler. Fastify's `frameworkErrors` needs it for errors before routing.
 * @param options as for the plugin
 */
export function createErrorHandler(options: ProblemDetailsOptions) {
  const logFailure = createFailureLog()
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { code, extras, isUnexpected } = errorToProblem(options.translate?.(error) ?? error)
    const response = problemReply(code, extras, { ...options, requestId: request.id })
    if (isUnexpected) request.log.error({ err: error, code }, 'unexpected error')
    else if (!logFailure(request.log, { code, cause: error }))
      request.log.debug({ code, why: error instanceof ProblemError ? error.why : describe(error) }, 'request refused')
    return send(reply, response)
  }
}

function problemReply(
  code: ProblemCode,
  extras: ProblemExtras,
  options: ProblemDetailsOptions & { requestId: string },
): ProblemResponse {
  const { problemBase, realm, resourceMetadata, requestId } = options
  return replyTo(code, extras, { problemBase, realm, resourceMetadata, requestId })
}

/** Sends a string, so that no serializer of a route's response schema can change the body. */
function send(reply: FastifyReply, { status, headers, body }: ProblemResponse): FastifyReply {
  return reply.code(status).headers(headers).serializer(identity).send(JSON.stringify(body))
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

function identity(payload: unknown): string {
  return String(payload)
}
