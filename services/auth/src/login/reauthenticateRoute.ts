/** `POST /session/reauthenticate`: the user of a session confirms the password. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ReauthenticationRequest, SessionTokens } from '@gatehouse/contract'
import { actorContextOf } from '../http/actorContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import type { AccessTokens } from '../tokens/accessTokens.ts'
import { accessTokenResponse } from '../tokens/tokenResponse.ts'
import { type ReauthenticateDeps, reauthenticate } from './reauthenticate.ts'

export interface ReauthenticateRoutes extends ReauthenticateDeps {
  accessTokens: AccessTokens
}

export const reauthenticateRoutes: FastifyPluginAsyncTypebox<ReauthenticateRoutes> = async (app, deps) => {
  const schema = {
    tags: ['session'],
    summary: 'Confirm my password: the response has an access token with a new `auth_time`',
    description:
      'Answers `reauthentication-required` (RFC 9470). The session and its refresh token stay as they are, also after a wrong password.',
    security: [{ bearer: [] }],
    body: ReauthenticationRequest,
    response: {
      200: SessionTokens,
      ...problemResponses(...accessTokenCodes, 'password-wrong', 'known-device-required', 'conflict', 'overloaded'),
    },
  }
  app.post('/session/reauthenticate', { schema }, async request => {
    const context = actorContextOf(request)
    const contents = await reauthenticate(deps, { password: request.body.password, context })
    return accessTokenResponse(contents, deps.accessTokens)
  })
}
