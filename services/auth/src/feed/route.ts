/**
 * `/guards`: guards poll and leave, authenticated as a service client. The gateway does not forward
 * these routes.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LeaveRequest, PollHeaders, PollRequest, PollResponse, ProblemError } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import { basicCredentials } from '../http/basicAuth.ts'
import { clientInfoOf } from '../http/clientInfo.ts'
import { quietLogLevel } from '../http/logLevel.ts'
import { problemResponses } from '../http/problemResponses.ts'
import type { ClientLimits } from '../rateLimits/clientLimits.ts'
import { removeGuard } from '../store/guards.ts'
import { isServiceClient } from '../store/serviceClients.ts'
import type { Polls } from './polls.ts'

export interface FeedRoutes {
  db: Db
  clients: ClientLimits
  polls: Polls
  /** The `iss` of access tokens. A guard compares it when it starts. */
  issuer: string
}

export const feedRoutes: FastifyPluginAsyncTypebox<FeedRoutes> = async (app, { db, clients, polls, issuer }) => {
  const schema = { tags: ['guards'], security: [{ client: [] }] }
  const pollSchema = {
    ...schema,
    summary: 'Read revocations, acknowledge those that are applied, extend the lease',
    headers: PollHeaders,
    body: PollRequest,
    response: { 200: PollResponse, ...problemResponses('client-invalid', 'feed-changed', 'overloaded') },
  }
  const leaveSchema = {
    ...schema,
    summary: 'Give up the lease of a guard that has stopped serving',
    body: LeaveRequest,
    response: { 204: {}, ...problemResponses('client-invalid') },
  }

  app.post('/guards/poll', { schema: pollSchema, logLevel: quietLogLevel(app) }, async (request, reply) => {
    const { 'poll-id': pollId } = request.headers
    if (pollId !== undefined) reply.header('poll-id', pollId)
    const presented = basicCredentials(request.headers.authorization)
    const { guard, name, version, openStreams = null, feedId = null, after = null } = request.body
    const disconnected = new AbortController()
    reply.raw.once('close', () => disconnected.abort('disconnected'))
    reply.header('cache-control', 'no-store')
    const { id: clientId, secretHash } = presented
    const poll = { guard, clientId, secretHash, name, version, openStreams, feedId, after }
    const response = await clients.withClientLimit({ ...presented, ...clientInfoOf(request) }, () =>
      polls.answer(poll, disconnected.signal),
    )
    return after === null ? { ...response, issuer } : response
  })

  app.post('/guards/leave', { schema: leaveSchema }, async (request, reply) => {
    const presented = basicCredentials(request.headers.authorization)
    await clients.withClientLimit({ ...presented, ...clientInfoOf(request) }, async () => {
      if (await isServiceClient(db, { ...presented, scope: 'guard' })) return
      throw new ProblemError('client-invalid', 'a leave request with unknown client credentials')
    })
    await removeGuard(db, { id: request.body.guard, clientId: presented.id })
    return reply.code(204).send()
  })
}
