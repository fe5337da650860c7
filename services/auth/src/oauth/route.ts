/** `/oauth/token`, `/oauth/introspect` and `/oauth/revoke`: for clients that use standard OAuth libraries. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProblemError } from '@gatehouse/contract'
import { Type } from 'typebox'
import type { PrismaClient } from '../database/database.ts'
import { clientInfoOf } from '../http/clientInfo.ts'
import type { BarrierDeps } from '../revoke/sendWhenInForce.ts'
import type { AccessTokens } from '../tokens/accessTokens.ts'
import { presentingClient, requireClient } from './client.ts'
import { authorizeDevice, type DeviceDeps, deviceGrant } from './device.ts'
import { OAuthError, type OAuthErrorOptions, setOAuthErrorHandler } from './errors.ts'
import { exchangeGrant } from './exchange.ts'
import { acceptForms, type Form, requireParameter } from './form.ts'
import { clientGrant, type GrantResult, refreshGrant } from './grants.ts'
import { introspect } from './introspect.ts'
import { type RevokeDeps, revokeToken } from './revoke.ts'
import { DeviceResponse, formOf, IntrospectionResponse, oauthErrorResponses, TokenResponse } from './schemas.ts'
import { deviceGrantType, exchangeGrantType, tokenTypes } from './tokenTypes.ts'

const grants: Readonly<Record<string, typeof deviceGrant>> = {
  refresh_token: refreshGrant,
  client_credentials: clientGrant,
  [exchangeGrantType]: exchangeGrant,
  [deviceGrantType]: deviceGrant,
}
export const grantTypes = Object.keys(grants)

export interface OAuthRoutes extends DeviceDeps, RevokeDeps {
  db: PrismaClient
  barrierDeps: BarrierDeps
  errors: OAuthErrorOptions
}

const common = { tags: ['oauth'], consumes: ['application/x-www-form-urlencoded'] }
const errorResponses = oauthErrorResponses(400, 401, 429, 500, 503)
const tokenForm = formOf({
  required: ['token'],
  optional: ['token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
})

const token = {
  ...common,
  summary: 'Issue tokens for a refresh token, for client credentials (RFC 6749), or for a token (RFC 8693)',
  security: [{ client: [] }, {}],
  body: formOf({
    required: ['grant_type'],
    optional: [
      'refresh_token',
      'scope',
      'resource',
      'client_id',
      'client_secret',
      'audience',
      'subject_token',
      'subject_token_type',
      'requested_token_type',
      'actor_token',
      'actor_token_type',
      'device_code',
      'client_assertion',
      'client_assertion_type',
    ],
  }),
  response: { 200: TokenResponse, ...errorResponses },
}
const deviceAuthorization = {
  ...common,
  summary: 'Start a device authorization: codes for the device and for its user (RFC 8628)',
  body: formOf({ required: [], optional: ['client_id', 'scope', 'resource'] }),
  response: { 200: DeviceResponse, ...errorResponses },
}
const introspection = {
  ...common,
  summary: 'Introspect an access token; requires the scope `introspect` (RFC 7662)',
  security: [{ client: [] }],
  body: tokenForm,
  response: { 200: IntrospectionResponse, ...errorResponses },
}
const revocation = {
  ...common,
  summary: 'Revoke a token and its session; in force when the call returns (RFC 7009)',
  security: [{ client: [] }, {}],
  body: tokenForm,
  response: { 200: Type.Object({}), ...errorResponses },
}

export const oauthRoutes: FastifyPluginAsyncTypebox<OAuthRoutes> = async (app, deps) => {
  const { db, accessTokens, verifierFor, barrierDeps, errors } = deps
  acceptForms(app)
  setOAuthErrorHandler(app, errors)
  // RFC 6749 section 5.1, beside `Cache-Control`.
  app.addHook('onRequest', async (_request, reply) => void reply.header('pragma', 'no-cache'))

  app.post('/oauth/token', { schema: token }, async request => {
    const form: Form = request.body
    const granted = await grantOf(form)(deps, request, form)
    return tokenResponseOf(granted, accessTokens)
  })

  app.post('/oauth/device_authorization', { schema: deviceAuthorization }, async request =>
    authorizeDevice(deps, request, request.body),
  )

  app.post('/oauth/introspect', { schema: introspection }, async request => {
    const form: Form = request.body
    const client = await requireClient(deps, request, form)
    if (!client.scopes.includes('introspect'))
      throw new OAuthError('unauthorized_client', 'The client lacks the scope introspect.')
    return introspect({ db, verifier: verifierFor(client.audience) }, requireParameter(form, 'token'))
  })

  app.post('/oauth/revoke', { schema: revocation }, async request => {
    const form: Form = request.body
    const client = await presentingClient(deps, request, form)
    if (client === undefined) throw new ProblemError('client-invalid', 'a client id without its secret')
    const context = { actor: client.scopes === null ? null : client.id, ...clientInfoOf(request) }
    const revoked = await revokeToken(deps, { token: requireParameter(form, 'token'), clientId: client.id, context })
    const result = revoked && (await barrierDeps.barrier.wait(revoked, barrierDeps.maxWaitMs))
    // RFC 7009 has no response for a pending revocation: the client must repeat the request (section 2.2.1).
    if (result?.inForce === false)
      throw new OAuthError('temporarily_unavailable', 'The revocation is not yet in force.')
    return {}
  })
}

function grantOf(form: Form): typeof deviceGrant {
  const type = requireParameter(form, 'grant_type')
  const grant = Object.hasOwn(grants, type) ? grants[type] : undefined
  if (grant !== undefined) return grant
  throw new OAuthError('unsupported_grant_type', `Supported grant types: ${grantTypes.join(', ')}.`)
}

async function tokenResponseOf({ contents, refreshToken, issued }: GrantResult, accessTokens: AccessTokens) {
  const scope = contents.scopes.length === 0 ? {} : { scope: contents.scopes.join(' ') }
  if (issued === tokenTypes.refresh && refreshToken !== undefined) {
    const expiresIn = Math.floor((contents.expiresAtMs - contents.issuedAtMs) / 1000)
    // RFC 8693 section 2.2.1: `access_token` is the issued token, whatever its type.
    const tokens = { access_token: refreshToken, refresh_token: refreshToken, issued_token_type: issued }
    return { ...tokens, token_type: 'N_A' as const, expires_in: expiresIn, ...scope }
  }
  return {
    access_token: await accessTokens.sign(contents),
    token_type: 'Bearer' as const,
    expires_in: accessTokens.secondsOf(contents),
    ...scope,
    ...(issued === undefined ? {} : { issued_token_type: issued }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
}
