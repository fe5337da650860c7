/** The OAuth endpoints: response shapes, errors, and the shared rotation and revocation. */
import t from 'tap'
import { clientSecret, clientToken, createClient, isOAuthError, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, logOut, startService } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

/** @conforms RFC 6749 section 6: a refresh token is exchanged for an access token and a new refresh token. */
/** @conforms RFC 9700 section 4.14.2: a refresh token that is presented again after its retry window ends the session. */
t.test('token: rotates a refresh token and detects reuse as POST /session/renew does', async t => {
  const service = await startService(t, { RETRY_WINDOW_MS: '0' })
  const session = await service.login(await service.createUser({ scopes: ['storage:read'] }))
  const form = { grant_type: 'refresh_token', refresh_token: session.refreshToken }
  const first = await postForm(service, '/oauth/token', { ...form, client_id: 'first-party', unknown: 'ignored' })
  t.match(first.body, { token_type: 'Bearer', scope: 'storage:read', expires_in: 300, refresh_token: /^ghr_/ })
  t.equal(first.headers.get('pragma'), 'no-cache')
  isOAuthError(t, await postForm(service, '/oauth/token', { ...form, client_id: 'other-client' }), 'invalid_grant')
  const { refresh_token } = first.body as { refresh_token: string }
  await postForm(service, '/oauth/token', { ...form, refresh_token })
  isOAuthError(t, await postForm(service, '/oauth/token', form), 'invalid_grant')
  assertProblem(t, await service.call('/me', { token: session.accessToken }), 'session-ended')
})

/** @conforms RFC 6749 section 5.2: each refusal has its error code, status 400 or 401, and a challenge for HTTP Basic. */
/** @conforms RFC 6749 section 2.3.1: a client authenticates by HTTP Basic or by form parameters, not by both. */
t.test('token: malformed requests get the errors of RFC 6749', async t => {
  const service = await startService(t)
  await createClient(service, 'robot', ['users:read'])
  await createClient(service, 'warehouse', ['guard', 'introspect'])
  const token = (form: Record<string, string>, client?: string) => postForm(service, '/oauth/token', form, client)
  const own = { grant_type: 'client_credentials' }
  const twice = { ...own, client_id: 'robot', client_secret: clientSecret }
  const cases: [form: Record<string, string>, error: string, client?: string][] = [
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token', refresh_token: 'ghr_x' }, 'invalid_grant'],
    [own, 'invalid_client'],
    [own, 'invalid_client', 'unknown-client'],
    [{ ...own, scope: 'users:write' }, 'invalid_scope', 'robot'],
    [own, 'unauthorized_client', 'warehouse'],
    [twice, 'invalid_request', 'robot'],
    [{ ...own, x: '\0' }, 'invalid_request', 'robot'],
  ]
  for (const [form, error, client] of cases) isOAuthError(t, await token(form, client), error, JSON.stringify(form))
  t.equal((await token(twice)).status, 200, 'a secret in the form is taken')
})

/** @conforms RFC 6749 section 4.4: client credentials give an access token with the scopes of the client and no refresh token. */
t.test("token: a service client's token opens the admin routes of its scopes and no user's own routes", async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  await createClient(service, 'robot', ['users:read', 'users:write'])
  const all = await clientToken(service, 'robot')
  const narrow = await clientToken(service, 'robot', 'users:read')
  t.equal((await service.call('/admin/users', { token: all })).status, 200)
  t.equal((await service.call(`/admin/users/${ada.id}/disable`, { token: all, body: {} })).status, 200)
  const enable = await service.call(`/admin/users/${ada.id}/enable`, { token: narrow, body: {} })
  assertProblem(t, enable, 'insufficient-scope')
  const endAll = { token: all, body: { confirm: 'end every session' } }
  assertProblem(t, await service.call('/admin/sessions/end-all', endAll), 'insufficient-scope')
  for (const path of ['/admin/audit', '/me', '/sessions'])
    assertProblem(t, await service.call(path, { token: all }), 'insufficient-scope')
})

t.test('token: a scope that the client has lost is refused at once', async t => {
  const service = await startService(t)
  await createClient(service, 'robot', ['users:read', 'audit:read'])
  const token = await clientToken(service, 'robot')
  await createClient(service, 'robot', ['audit:read'])
  assertProblem(t, await service.call('/admin/users', { token }), 'insufficient-scope')
  t.equal((await service.call('/admin/audit', { token })).status, 200)
  const admin = await service.login(await service.createUser({ roles: ['admin'] }))
  await service.call('/admin/sessions/end-all', { token: admin.accessToken, body: { confirm: 'end every session' } })
  assertProblem(t, await service.call('/admin/audit', { token }), 'session-ended')
})

/** @conforms RFC 7662 section 2.2: an active token is described by its claims; anything else is only `active: false`. */
/** @conforms RFC 7662 section 2.1: only authenticated clients with the scope `introspect` are answered. */
t.test('introspect: returns the current state of a token to clients with the scope introspect', async t => {
  const service = await startService(t)
  await createClient(service, 'warehouse', ['introspect'])
  await createClient(service, 'robot', ['users:read'])
  const ada = await service.createUser({ scopes: ['storage:read'] })
  const session = await service.login(ada)
  const ask = async (token: string) => (await postForm(service, '/oauth/introspect', { token }, 'warehouse')).body
  t.match(await ask(session.accessToken), { active: true, sub: ada.id, scope: 'storage:read', sid: session.sessionId })
  const inactive = { active: false }
  t.strictSame(await ask(session.refreshToken), inactive, 'a refresh token is not introspected')
  t.strictSame(await ask('garbage'), inactive)
  t.strictSame(await ask(`${session.accessToken}x`), inactive)
  const own = await clientToken(service, 'robot')
  t.match(await ask(own), { active: true, sub: 'robot', client_id: 'robot' })
  await logOut(service, session.refreshToken)
  t.strictSame(await ask(session.accessToken), inactive)
  isOAuthError(t, await postForm(service, '/oauth/introspect', { token: own }), 'invalid_client')
  isOAuthError(t, await postForm(service, '/oauth/introspect', { token: own }, 'robot'), 'unauthorized_client')
})

/** @conforms RFC 7009 section 2.1: either token ends the session. */
/** @conforms RFC 7009 section 2.2: an invalid token is answered with 200. */
t.test('revoke: ends the session of a token; an invalid token is not an error', async t => {
  const service = await startService(t)
  await createClient(service, 'robot', ['users:read'])
  await createClient(service, 'other', ['users:read'])
  const ada = await service.createUser()
  for (const kind of ['refreshToken', 'accessToken'] as const) {
    const session = await service.login(ada)
    t.equal((await postForm(service, '/oauth/revoke', { token: session[kind] })).status, 200)
    assertProblem(t, await service.call('/me', { token: session.accessToken }), 'session-ended')
    t.equal((await postForm(service, '/oauth/revoke', { token: session[kind] })).status, 200, 'again')
  }
  t.equal((await postForm(service, '/oauth/revoke', { token: 'garbage', token_type_hint: 'whatever' })).status, 200)
  isOAuthError(t, await postForm(service, '/oauth/revoke', {}), 'invalid_request')

  const own = await clientToken(service, 'robot')
  isOAuthError(t, await postForm(service, '/oauth/revoke', { token: own }), 'unauthorized_client')
  isOAuthError(t, await postForm(service, '/oauth/revoke', { token: own }, 'other'), 'unauthorized_client')
  t.equal((await postForm(service, '/oauth/revoke', { token: own }, 'robot')).status, 200)
  assertProblem(t, await service.call('/admin/users', { token: own }), 'session-ended')
  const next = await clientToken(service, 'robot')
  t.equal((await service.call('/admin/users', { token: next })).status, 200, 'the next token is valid')
})

/** @conforms RFC 7009 section 2.1: a token is revoked only by its own client. */
t.test('revoke: a confidential client id without its secret ends no session', async t => {
  const service = await startService(t)
  await createClient(service, 'robot', ['users:read'])
  const session = await service.login(await service.createUser())
  for (const kind of ['refreshToken', 'accessToken'] as const) {
    const form = { token: session[kind] }
    for (const id of ['robot', 'unknown-client'])
      isOAuthError(t, await postForm(service, '/oauth/revoke', { ...form, client_id: id }), 'invalid_client')
    const wrong = { ...form, client_id: 'robot', client_secret: 'a wrong secret of the client' }
    isOAuthError(t, await postForm(service, '/oauth/revoke', wrong), 'invalid_client')
    isOAuthError(t, await postForm(service, '/oauth/revoke', form, 'robot'), 'unauthorized_client')
  }
  t.equal((await service.call('/me', { token: session.accessToken })).status, 200)
  const own = { token: session.accessToken, client_id: 'first-party' }
  t.equal((await postForm(service, '/oauth/revoke', own)).status, 200, 'the public client needs no secret')
  assertProblem(t, await service.call('/me', { token: session.accessToken }), 'session-ended')
})

/** @conforms RFC 8414 section 3: the metadata is at `oauth-authorization-server`, and at `openid-configuration` (section 5). */
/** @conforms RFC 8414 section 3.2: no value is an empty list. */
t.test('metadata: is the same at both well-known paths, and open to every origin', async t => {
  const service = await startService(t)
  const [first, second] = await Promise.all(
    ['oauth-authorization-server', 'openid-configuration'].map(path => service.call(`/.well-known/${path}`)),
  )
  t.strictSame(first?.body, second?.body)
  t.equal(second?.headers.get('access-control-allow-origin'), '*')
  const metadata = first?.body as Record<string, string | string[]>
  for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'jwks_uri'])
    t.match(metadata[name], new RegExp(`^${metadata['issuer']}/`))
  // RFC 8414 section 3.2: a claim with zero elements must be omitted, and this one is required.
  for (const [name, value] of Object.entries(metadata)) t.ok(value.length > 0, name)
})

t.test('preflight: keys and metadata answer every origin, other routes only listed ones', async t => {
  const service = await startService(t, { ALLOWED_ORIGINS: 'https://shop.example' })
  const headers = { origin: 'https://other.example', 'access-control-request-method': 'GET' }
  const allowed = async (path: string) =>
    (await service.call(path, { method: 'OPTIONS', headers })).headers.get('access-control-allow-origin')
  t.equal(await allowed('/.well-known/jwks.json'), '*')
  t.equal(await allowed('/.well-known/openid-configuration'), '*')
  for (const path of ['/oauth/token', '/session', '/me', '/nothing']) t.equal(await allowed(path), null, path)
})

/** @conforms RFC 9110 section 15.5.6: a method that a path lacks is refused with 405 and `Allow`. */
/** @conforms RFC 9110 section 9.3.7: OPTIONS is answered with 204 and `Allow`. */
t.test('methods: every route refuses other methods with 405 and Allow', async t => {
  const service = await startService(t)
  const { paths } = (await service.call('/openapi.json')).body as { paths: Record<string, Record<string, unknown>> }
  for (const [path, operations] of Object.entries(paths)) {
    const url = path.replace(/\{\w+\}/g, 'a')
    const unused = ['PUT', 'PATCH', 'DELETE', 'POST'].find(method => !(method.toLowerCase() in operations)) ?? ''
    const response = await service.call(url, { method: unused })
    assertProblem(t, response, 'method-not-allowed')
    const allow = response.headers.get('allow')?.split(', ') ?? []
    for (const method of Object.keys(operations)) t.ok(allow.includes(method.toUpperCase()), `${method} ${path}`)
    const options = await service.call(url, { method: 'OPTIONS' })
    t.strictSame([options.status, options.headers.get('allow')], [204, allow.join(', ')])
  }
  assertProblem(t, await service.call('/unknown', { method: 'OPTIONS' }), 'not-found')
})

/** @conforms RFC 6749 section 6: a token with a part of the scope has no more than that part, and no role. */
t.test('refresh grant: a token with fewer scopes has only those on the routes of admins, and no role', async t => {
  const service = await startService(t)
  const rights = { roles: ['admin'], scopes: ['storage:read', 'users:read'] }
  const { refreshToken } = await service.login(await service.createUser(rights))
  const tokenWith = async (refresh_token: string, more: Record<string, string> = {}) =>
    (await postForm(service, '/oauth/token', { grant_type: 'refresh_token', refresh_token, ...more })).body as {
      access_token: string
      refresh_token: string
    }
  const narrow = await tokenWith(refreshToken, { scope: 'storage:read' })
  assertProblem(t, await service.call('/admin/users', { token: narrow.access_token }), 'insufficient-scope')
  const { roles, scope } = claimsOf(narrow.access_token)
  t.strictSame({ roles, scope }, { roles: [], scope: 'storage:read' })
  const whole = await tokenWith(narrow.refresh_token, { scope: 'users:read storage:read' })
  t.match(claimsOf(whole.access_token), { roles: ['admin'] }, 'the whole scope, by name')
  const full = await tokenWith(whole.refresh_token)
  t.match(claimsOf(full.access_token), { roles: ['admin'] })
  t.equal((await service.call('/admin/users', { token: full.access_token })).status, 200)
})
