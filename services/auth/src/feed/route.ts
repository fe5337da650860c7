/** The guards' endpoints: poll and leave, authenticated as a service client. Not for the outside. */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LeaveRequest, PollRequest, PollResponse, ProblemError } from '@gatehouse/contract'
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
}

export const feedRoutes: FastifyPluginAsyncTypebox<FeedRoutes> = async (app, { db, clients, polls }) => {
  const schema = { tags: ['guards'], security: [{ client: [] }] }
  const poll = {
    ...schema,
    summary: 'Ask for revocations, acknowledge those that are applied, extend the lease',
    body: PollRequest,
    response: { 200: PollResponse, ...problemResponses('client-invalid', 'feed-changed', 'overloaded') },
  }
  const leave = {
    ...schema,
    summary: 'A guard that has stopped serving: nobody waits for it any more',
    body: LeaveRequest,
    response: { 204: {}, ...problemResponses('client-invalid') },
  }

  app.post('/guards/poll', { schema: poll, logLevel: quietLogLevel(app) }, async (request, reply) => {
    const presented = basicCredentials(request.headers.authorization)
    const { guard, name, version, feedId = null, after = null } = request.body
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort('gone'))
    reply.header('cache-control', 'no-store')
    const asked = { guard, clientId: presented.id, secretHash: presented.secretHash, name, version, feedId, after }
    return clients.withClientLimit({ ...presented, ...clientInfoOf(request) }, () => polls.answer(asked, gone.signal))
  })

  app.post('/guards/leave', { schema: leave }, async (request, reply) => {
    const presented = basicCredentials(request.headers.authorization)
    await clients.withClientLimit({ ...presented, ...clientInfoOf(request) }, async () => {
      if (await isServiceClient(db, { ...presented, scope: 'guard' })) return
      throw new ProblemError('client-invalid', 'a guard leaves with unknown client credentials')
    })
    await removeGuard(db, { id: request.body.guard, clientId: presented.id })
    return reply.code(204).send()
  })
}
