/** `POST /session`: log in. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LoginRequest, SessionTokens } from '@gatehouse/contract'
import { clientInfoOf } from '../http/clientInfo.ts'
import { problemResponses } from '../http/problemResponses.ts'
import { sendTokenResponse, type TokenResponseDeps } from '../tokens/tokenResponse.ts'
import { type LoginDeps, login } from './login.ts'

export interface LoginRoutes extends LoginDeps {
  tokenDeps: TokenResponseDeps
}

export const loginRoutes: FastifyPluginAsyncTypebox<LoginRoutes> = async (app, deps) => {
  const schema = {
    tags: ['session'],
    summary: 'Log in',
    body: LoginRequest,
    response: {
      201: SessionTokens,
      ...problemResponses('credentials-invalid', 'account-disabled', 'password-change-required', 'overloaded'),
    },
  }
  app.post('/session', { schema }, async (request, reply) => {
    const { transport = 'cookie' } = request.body
    const loggedIn = await login(deps, request.body, clientInfoOf(request))
    reply.code(201)
    return sendTokenResponse(reply, { ...loggedIn, transport, tokenDeps: deps.tokenDeps })
  })
}
