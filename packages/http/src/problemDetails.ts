/** The only place that writes error replies. */
import {
  type ProblemCode,
  type ProblemError,
  type ProblemExtras,
  type ProblemResponse,
  problemResponse as replyTo,
} from '@gatehouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { errorToProblem } from './errorToProblem.ts'

export interface ProblemDetailsOptions {
  /** Where the pages of the problems stand. */
  problemBase: string
  /** The protection space that challenges name (RFC 9110 section 11.5). */
  realm: string
  /** Makes a refusal of an error that this service knows and the guard does not, as one of its database. */
  translate?: (error: unknown) => ProblemError | undefined
}

/** Registered once, at the root: then every error of every route becomes a row of the table of outcomes. */
export const problemDetails = fastifyPlugin(registerProblemDetails, { name: '@gatehouse/refusals', fastify: '5.x' })

async function registerProblemDetails(app: FastifyInstance, options: ProblemDetailsOptions): Promise<void> {
  const handleError = createErrorHandler(options)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler((request, reply) =>
    send(reply, problemReply('not-found', {}, { ...options, requestId: request.id })),
  )
}

/** Also for what fails before any route is known, which Fastify hands to `frameworkErrors`. */
export function createErrorHandler(options: ProblemDetailsOptions) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { code, extras, isUnexpected } = errorToProblem(options.translate?.(error) ?? error)
    const response = problemReply(code, extras, { ...options, requestId: request.id })
    if (isUnexpected) request.log.error({ err: error, code: code }, 'an error that nobody foresaw')
    else request.log.debug({ code: code, why: error instanceof Error ? error.message : '' }, 'refused')
    return send(reply, response)
  }
}

function problemReply(
  code: ProblemCode,
  extras: ProblemExtras,
  options: ProblemDetailsOptions & { requestId: string },
): ProblemResponse {
  const { problemBase, realm, requestId } = options
  return replyTo(code, extras, { problemBase, realm, requestId })
}

/** As a string, so that no serializer of a route's response schema can alter it. */
function send(reply: FastifyReply, { status, headers, body }: ProblemResponse): FastifyReply {
  return reply.code(status).headers(headers).serializer(identity).send(JSON.stringify(body))
}

function identity(payload: unknown): string {
  return String(payload)
}
