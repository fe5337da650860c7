/** `POST /session`: log in. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LoginRequest, SessionTokens } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import { clientInfoOf } from '../http/clientInfo.ts'
import { problemResponses } from '../http/problemResponses.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { DeviceCookie } from '../tokens/deviceCookie.ts'
import type { RefreshCookie } from '../tokens/refreshCookie.ts'
import { decodeRefreshToken } from '../tokens/refreshToken.ts'
import { sendTokenResponse, type TokenResponseDeps } from '../tokens/tokenResponse.ts'
import { type LoginDeps, login } from './login.ts'

export interface LoginRoutes extends LoginDeps {
  tokenDeps: TokenResponseDeps
  cookie: RefreshCookie
  devices: DeviceCookie
  revocations: Revocations
}

/** Sessions that one log-in may replace; each costs a statement. */
const maxReplaced = 4

export const loginRoutes: FastifyPluginAsyncTypebox<LoginRoutes> = async (app, deps) => {
  const { tokenDeps, cookie, devices, revocations, refreshKeys } = deps
  const schema = {
    tags: ['session'],
    summary: 'Log in',
    body: LoginRequest,
    response: {
      201: SessionTokens,
      ...problemResponses(
        'credentials-invalid',
        'account-disabled',
        'password-change-required',
        'password-expired',
        'known-device-required',
        'overloaded',
      ),
    },
  }
  app.post('/session', { schema }, async (request, reply) => {
    const { transport = 'cookie' } = request.body
    const known = devices.read(request)
    const replaced = transport === 'cookie' ? replacedSessions(request) : []
    const loggedIn = await login(deps, request.body, { ...clientInfoOf(request), devices: known })
    await endSessions(request, replaced)
    const response = await sendTokenResponse(reply, { ...loggedIn, transport, tokenDeps })
    if (transport === 'cookie') devices.write(reply, loggedIn.contents.accountId, known)
    reply.code(201)
    return response
  })

  /** The response replaces the refresh cookie, so no client could end the session of the old one any more. */
  function replacedSessions(request: FastifyRequest): string[] {
    const tokens = cookie.read(request).flatMap(token => decodeRefreshToken(token, refreshKeys) ?? [])
    return [...new Set(tokens.map(token => token.sessionId))].slice(0, maxReplaced)
  }

  async function endSessions(request: FastifyRequest, sessionIds: readonly string[]): Promise<void> {
    const context = { actor: null, reason: 'replaced by a new log-in', ...clientInfoOf(request) }
    for (const sessionId of sessionIds) {
      await revocations.endSessions({ kind: 'one', sessionId }, 'logged-out', context).catch(error => {
        // The new session exists already: the log-in must not fail.
        request.log.warn({ err: error }, 'the session of the replaced cookie was not ended')
      })
    }
  }
}
