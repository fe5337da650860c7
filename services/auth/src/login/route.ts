/** `POST /session`: log in. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LoginRequest, TokenAnswer } from '@gatehouse/contract'
import { visitorOf } from '../http/clientInfo.ts'
import { refusals } from '../http/problemResponses.ts'
import { sendTokens, type TokenSending } from '../tokens/tokenResponse.ts'
import { type LoginRooms, login } from './login.ts'

export interface LoginRoutes extends LoginRooms {
  sending: TokenSending
}

export const loginRoutes: FastifyPluginAsyncTypebox<LoginRoutes> = async (app, rooms) => {
  const schema = {
    tags: ['session'],
    summary: 'Log in',
    body: LoginRequest,
    response: {
      201: TokenAnswer,
      ...refusals('credentials-invalid', 'account-disabled', 'password-change-required', 'overloaded'),
    },
  }
  app.post('/session', { schema }, async (request, reply) => {
    const { transport = 'cookie' } = request.body
    const loggedIn = await login(rooms, request.body, visitorOf(request))
    reply.code(201)
    return sendTokens(reply, { ...loggedIn, transport, sending: rooms.sending })
  })
}
