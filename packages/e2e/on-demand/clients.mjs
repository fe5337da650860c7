/** Uses each library as its documentation says. Prints one line of JSON: for each library "ok" or the error. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import express from 'express'
import { auth as expressAuth, requiredScopes } from 'express-oauth2-jwt-bearer'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import jwksRsa from 'jwks-rsa'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import OAuth2Strategy from 'passport-oauth2'
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2'

/** @type {{ issuer: string, resource: string, audience: string, user: object, robot: { id: string, secret: string } }} */
const { issuer, resource, audience, user, robot } = JSON.parse(process.env.FOREIGN ?? '{}')
const publicClient = 'first-party'
const storage = `${resource}/storage`

/** The door to a session that is not OAuth's: this service has no authorization endpoint. */
async function login() {
  const response = await fetch(`${issuer}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...user, transport: 'body' }),
  })
  assert.equal(response.status, 201)
  return response.json()
}

const statusOf = async token => (await fetch(storage, { headers: { authorization: `Bearer ${token}` } })).status

const libraries = {
  async oauth4webapi() {
    const insecure = { [oauth.allowInsecureRequests]: true }
    for (const algorithm of ['oidc', 'oauth2']) {
      const response = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...insecure })
      await oauth.processDiscoveryResponse(new URL(issuer), response)
    }
    const described = await oauth.resourceDiscoveryRequest(new URL(resource), insecure)
    const { authorization_servers } = await oauth.processResourceDiscoveryResponse(new URL(resource), described)
    assert.deepEqual(authorization_servers, [issuer])
    const discovered = await oauth.discoveryRequest(new URL(issuer), insecure)
    const as = await oauth.processDiscoveryResponse(new URL(issuer), discovered)
    const session = await login()
    const client = { client_id: publicClient }
    const refresh = async (token, more = {}) =>
      oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, { ...insecure, ...more }),
      )
    const narrow = await refresh(session.refreshToken, { additionalParameters: { scope: 'storage:read' } })
    assert.equal(narrow.scope, 'storage:read')
    const renewed = await refresh(narrow.refresh_token)
    const request = new Request(storage, { headers: { authorization: `Bearer ${renewed.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, audience, insecure)
    assert.equal(claims.client_id, publicClient)
    const called = await oauth.protectedResourceRequest(
      renewed.access_token,
      ...['GET', new URL(storage), undefined, undefined, insecure],
    )
    assert.equal(called.status, 200)
    await assert.rejects(
      oauth.protectedResourceRequest('nonsense', 'GET', new URL(storage), undefined, undefined, insecure),
      ({ cause }) =>
        cause[0].scheme === 'bearer' &&
        cause[0].parameters.error === 'invalid_token' &&
        cause[0].parameters.resource_metadata !== undefined,
    )
    await assert.rejects(refresh('nonsense'), { error: 'invalid_grant' })

    const confidential = { client_id: robot.id }
    for (const method of [oauth.ClientSecretBasic(robot.secret), oauth.ClientSecretPost(robot.secret)]) {
      const parameters = new URLSearchParams({ scope: 'users:read' })
      const granted = await oauth.processClientCredentialsResponse(
        as,
        confidential,
        await oauth.clientCredentialsGrantRequest(as, confidential, method, parameters, insecure),
      )
      assert.equal(granted.scope, 'users:read')
      const introspect = async token =>
        oauth.processIntrospectionResponse(
          as,
          confidential,
          await oauth.introspectionRequest(as, confidential, method, token, insecure),
        )
      assert.equal((await introspect(granted.access_token)).active, true)
      assert.equal((await introspect('x'.repeat(5000))).active, false)
    }
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, oauth.None(), renewed.refresh_token, insecure),
    )
    assert.equal(await statusOf(renewed.access_token), 401)
  },

  async 'openid-client'() {
    const execute = { execute: [openid.allowInsecureRequests] }
    const config = await openid.discovery(new URL(issuer), publicClient, undefined, openid.None(), execute)
    const session = await login()
    const tokens = await openid.refreshTokenGrant(config, session.refreshToken)
    const response = await openid.fetchProtectedResource(config, tokens.access_token, new URL(storage), 'GET')
    assert.equal(response.status, 200)
    const service = await openid.discovery(new URL(issuer), robot.id, robot.secret, undefined, execute)
    const own = await openid.clientCredentialsGrant(service, { scope: 'users:read' })
    assert.equal((await openid.tokenIntrospection(service, own.access_token)).client_id, robot.id)
    await openid.tokenRevocation(config, tokens.access_token)
    assert.equal(await statusOf(tokens.access_token), 401)
  },

  async 'simple-oauth2'() {
    const path = new URL(issuer).pathname.replace(/\/$/, '')
    const paths = { tokenPath: `${path}/oauth/token`, revokePath: `${path}/oauth/revoke` }
    const auth = { tokenHost: new URL(issuer).origin, ...paths }
    const service = new ClientCredentials({ client: { ...robot }, auth })
    assert.equal((await service.getToken({ scope: 'users:read' })).token.scope, 'users:read')
    const session = await login()
    const user = new AuthorizationCode({ client: { id: publicClient, secret: '' }, auth })
    const renewed = await user.createToken({ refresh_token: session.refreshToken }).refresh()
    assert.equal(await statusOf(renewed.token.access_token), 200)
    assert.equal(renewed.expired(), false)
    await renewed.revokeAll()
    assert.equal(await statusOf(renewed.token.access_token), 401)
  },

  async 'passport-oauth2'() {
    const urls = { authorizationURL: `${issuer}/none`, tokenURL: `${issuer}/oauth/token` }
    // As passport-oauth2-refresh does.
    const strategy = new OAuth2Strategy({ ...urls, clientID: publicClient, clientSecret: '' }, () => {})
    const { refreshToken } = await login()
    const token = await new Promise((resolve, reject) => {
      strategy._oauth2.getOAuthAccessToken(refreshToken, { grant_type: 'refresh_token' }, (error, token) =>
        error ? reject(new Error(error.data)) : resolve(token),
      )
    })
    assert.equal(await statusOf(token), 200)
  },

  async jose() {
    const { accessToken } = await login()
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(accessToken, keys, { issuer, audience, typ: 'at+jwt' })
    assert.ok(payload.sid)
    await assert.rejects(jwtVerify(accessToken, keys, { issuer, audience: 'another' }), { code: /CLAIM/ })
  },

  async 'express-oauth2-jwt-bearer'() {
    const app = express()
    app.use(expressAuth({ issuerBaseURL: issuer, audience, strict: true }))
    app.get('/read', requiredScopes('storage:read'), (request, response) => response.json(request.auth.payload))
    app.get('/write', requiredScopes('storage:write'), (_request, response) => response.json({}))
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const call = (path, token) =>
      fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { authorization: `Bearer ${token}` } })
    try {
      const { accessToken } = await login()
      assert.equal((await (await call('/read', accessToken)).json()).client_id, publicClient)
      assert.equal((await call('/write', accessToken)).status, 403)
      assert.equal((await call('/read', `${accessToken}x`)).status, 401)
    } finally {
      server.close()
    }
  },

  async 'get-jwks'() {
    const { accessToken } = await login()
    const { kid, alg } = decodeProtectedHeader(accessToken)
    for (const options of [{}, { providerDiscovery: true }]) {
      const publicKey = await buildGetJwks(options).getPublicKey({ kid, alg, domain: issuer })
      assert.ok(jsonwebtoken.verify(accessToken, publicKey, { issuer, audience }).sub)
    }
  },

  async 'jwks-rsa'() {
    const { accessToken } = await login()
    const client = jwksRsa({ jwksUri: `${issuer}/.well-known/jwks.json` })
    const { kid } = decodeProtectedHeader(accessToken)
    const publicKey = (await client.getSigningKey(kid)).getPublicKey()
    assert.ok(jsonwebtoken.verify(accessToken, publicKey, { issuer, audience, algorithms: ['ES256'] }).sub)
    await assert.rejects(client.getSigningKey('another'))
  },
}

const results = {}
for (const [name, use] of Object.entries(libraries)) {
  results[name] = await use().then(
    () => 'ok',
    error => `${error.stack ?? error} ${JSON.stringify(error.cause ?? null)}`,
  )
}
console.log(JSON.stringify(results))
process.exit(0)
