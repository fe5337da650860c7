/** The only place that writes error replies. */
import { type Outcome, type Refusal, type RefusalExtras, type Reply, reply as replyTo } from '@gatehouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { outcomeOfFault } from './errorToProblem.ts'

export interface RefusalsOptions {
  /** Where the pages of the problems stand. */
  problemBase: string
  /** The protection space that challenges name (RFC 9110 section 11.5). */
  realm: string
  /** Makes a refusal of an error that this service knows and the guard does not, as one of its database. */
  translate?: (error: unknown) => Refusal | undefined
}

/** Registered once, at the root: then every error of every route becomes a row of the table of outcomes. */
export const refusals = fastifyPlugin(writeRefusals, { name: '@gatehouse/refusals', fastify: '5.x' })

async function writeRefusals(app: FastifyInstance, options: RefusalsOptions): Promise<void> {
  const answer = errorAnswer(options)
  app.setErrorHandler(answer)
  app.setNotFoundHandler((request, reply) =>
    send(reply, replyOf('not-found', {}, { ...options, requestId: request.id })),
  )
}

/** Also for what fails before any route is known, which Fastify hands to `frameworkErrors`. */
export function errorAnswer(options: RefusalsOptions) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { outcome, extras, isUnforeseen } = outcomeOfFault(options.translate?.(error) ?? error)
    const answer = replyOf(outcome, extras, { ...options, requestId: request.id })
    if (isUnforeseen) request.log.error({ err: error, code: outcome }, 'an error that nobody foresaw')
    else request.log.debug({ code: outcome, why: error instanceof Error ? error.message : '' }, 'refused')
    return send(reply, answer)
  }
}

function replyOf(outcome: Outcome, extras: RefusalExtras, around: RefusalsOptions & { requestId: string }): Reply {
  const { problemBase, realm, requestId } = around
  return replyTo(outcome, extras, { problemBase, realm, requestId })
}

/** As a string, so that no serializer of a route's response schema can alter it. */
function send(reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  return reply.code(status).headers(headers).serializer(asItIs).send(JSON.stringify(body))
}

function asItIs(payload: unknown): string {
  return String(payload)
}
