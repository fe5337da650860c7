/** The standard's surface: its shapes, its errors, and the same core behind it. */
import t, { type Test } from 'tap'
import { machine, post, secret, tokenOf } from '../helpers/oauthForms.ts'
import { basic, type HttpResponse, isRefusal, stage } from '../helpers/service.ts'

function isOAuthError(t: Test, { status, body, headers }: HttpResponse, error: string): void {
  t.match(body, { error, error_description: String })
  t.equal(status, error === 'invalid_client' ? 401 : 400)
  t.match(headers.get('content-type'), 'application/json')
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('www-authenticate') !== null, error === 'invalid_client')
}

t.test('a refresh token is rotated, and its use twice is caught, as on the first-party surface', async t => {
  const on = await stage(t, { RETRY_WINDOW_MS: '0' })
  const session = await on.login(await on.person({ scopes: ['storage:read'] }))
  const form = { grant_type: 'refresh_token', refresh_token: session.refreshToken }
  const first = await post(on, '/oauth/token', { ...form, client_id: 'first-party', unknown: 'ignored' })
  t.match(first.body, { token_type: 'Bearer', scope: 'storage:read', expires_in: 300, refresh_token: /^ghr_/ })
  t.equal(first.headers.get('pragma'), 'no-cache')
  isOAuthError(t, await post(on, '/oauth/token', { ...form, client_id: 'somebody' }), 'invalid_grant')
  const { refresh_token } = first.body as { refresh_token: string }
  await post(on, '/oauth/token', { ...form, refresh_token })
  isOAuthError(t, await post(on, '/oauth/token', form), 'invalid_grant')
  isRefusal(t, await on.call('/me', { token: session.accessToken }), 'session-ended')
})

t.test('requests that are none get the errors of the standard', async t => {
  const on = await stage(t)
  await machine(on, 'robot', ['users:read'])
  await machine(on, 'warehouse', ['guard', 'introspect'])
  const token = (form: Record<string, string>, client?: string) => post(on, '/oauth/token', form, client)
  isOAuthError(t, await token({}), 'invalid_request')
  isOAuthError(t, await token({ grant_type: 'password' }), 'unsupported_grant_type')
  isOAuthError(t, await token({ grant_type: 'toString' }), 'unsupported_grant_type')
  isOAuthError(t, await token({ grant_type: 'refresh_token' }), 'invalid_request')
  isOAuthError(t, await token({ grant_type: 'refresh_token', refresh_token: 'ghr_x' }), 'invalid_grant')
  isOAuthError(t, await token({ grant_type: 'client_credentials' }), 'invalid_client')
  isOAuthError(t, await token({ grant_type: 'client_credentials' }, 'nobody'), 'invalid_client')
  isOAuthError(t, await token({ grant_type: 'client_credentials', scope: 'users:write' }, 'robot'), 'invalid_scope')
  isOAuthError(t, await token({ grant_type: 'client_credentials' }, 'warehouse'), 'unauthorized_client')
  const twice = { grant_type: 'client_credentials', client_id: 'robot', client_secret: secret }
  isOAuthError(t, await token(twice, 'robot'), 'invalid_request')
  const raw = (body: string, type = 'application/x-www-form-urlencoded') =>
    on.call('/oauth/token', { body, headers: { 'content-type': type, authorization: basic('robot', secret) } })
  isOAuthError(t, await raw('grant_type=client_credentials&grant_type=client_credentials'), 'invalid_request')
  isOAuthError(t, await raw('grant_type=client_credentials&x=%00'), 'invalid_request')
  isOAuthError(t, await raw('{"grant_type":"client_credentials"}', 'application/json'), 'invalid_request')
  t.equal((await token(twice)).status, 200, 'a secret in the form is taken')
})

t.test("a machine's token opens the admin routes of its scopes, and nobody's own routes", async t => {
  const on = await stage(t)
  const ada = await on.person()
  await machine(on, 'robot', ['users:read', 'users:write'])
  const all = await tokenOf(on, 'robot')
  const narrow = await tokenOf(on, 'robot', 'users:read')
  t.equal((await on.call('/admin/users', { token: all })).status, 200)
  t.equal((await on.call(`/admin/users/${ada.id}/disable`, { token: all, body: {} })).status, 200)
  isRefusal(t, await on.call(`/admin/users/${ada.id}/enable`, { token: narrow, body: {} }), 'insufficient-scope')
  isRefusal(t, await on.call('/admin/audit', { token: all }), 'insufficient-scope')
  isRefusal(
    t,
    await on.call('/admin/sessions/end-all', { token: all, body: { confirm: 'end every session' } }),
    'insufficient-scope',
  )
  for (const path of ['/me', '/sessions']) isRefusal(t, await on.call(path, { token: all }), 'insufficient-scope')
})

t.test('what a machine was granted and no longer holds is worth nothing at once', async t => {
  const on = await stage(t)
  await machine(on, 'robot', ['users:read', 'audit:read'])
  const token = await tokenOf(on, 'robot')
  await machine(on, 'robot', ['audit:read'])
  isRefusal(t, await on.call('/admin/users', { token }), 'insufficient-scope')
  t.equal((await on.call('/admin/audit', { token })).status, 200)
  const admin = await on.login(await on.person({ roles: ['admin'] }))
  await on.call('/admin/sessions/end-all', { token: admin.accessToken, body: { confirm: 'end every session' } })
  isRefusal(t, await on.call('/admin/audit', { token }), 'session-ended')
})

t.test('introspection says what a token is worth now, to those who may ask, and no more than that', async t => {
  const on = await stage(t)
  await machine(on, 'warehouse', ['introspect'])
  await machine(on, 'robot', ['users:read'])
  const ada = await on.person({ scopes: ['storage:read'] })
  const session = await on.login(ada)
  const ask = async (token: string) => (await post(on, '/oauth/introspect', { token }, 'warehouse')).body
  t.match(await ask(session.accessToken), { active: true, sub: ada.id, scope: 'storage:read', sid: session.sessionId })
  const inactive = { active: false }
  t.strictSame(await ask(session.refreshToken), inactive, "a refresh token is nobody else's")
  t.strictSame(await ask('garbage'), inactive)
  t.strictSame(await ask(`${session.accessToken}x`), inactive)
  const own = await tokenOf(on, 'robot')
  t.match(await ask(own), { active: true, sub: 'robot', client_id: 'robot' })
  await on.call('/session', { method: 'DELETE', body: { refreshToken: session.refreshToken } })
  t.strictSame(await ask(session.accessToken), inactive)
  isOAuthError(t, await post(on, '/oauth/introspect', { token: own }), 'invalid_client')
  isOAuthError(t, await post(on, '/oauth/introspect', { token: own }, 'robot'), 'unauthorized_client')
})

t.test('revoking a token ends what it belongs to, and a token that is nothing is no error', async t => {
  const on = await stage(t)
  await machine(on, 'robot', ['users:read'])
  await machine(on, 'other', ['users:read'])
  const ada = await on.person()
  for (const kind of ['refreshToken', 'accessToken'] as const) {
    const session = await on.login(ada)
    t.equal((await post(on, '/oauth/revoke', { token: session[kind] })).status, 200)
    isRefusal(t, await on.call('/me', { token: session.accessToken }), 'session-ended')
    t.equal((await post(on, '/oauth/revoke', { token: session[kind] })).status, 200, 'again')
  }
  t.equal((await post(on, '/oauth/revoke', { token: 'garbage', token_type_hint: 'whatever' })).status, 200)
  isOAuthError(t, await post(on, '/oauth/revoke', {}), 'invalid_request')

  const own = await tokenOf(on, 'robot')
  isOAuthError(t, await post(on, '/oauth/revoke', { token: own }), 'unauthorized_client')
  isOAuthError(t, await post(on, '/oauth/revoke', { token: own }, 'other'), 'unauthorized_client')
  t.equal((await post(on, '/oauth/revoke', { token: own }, 'robot')).status, 200)
  isRefusal(t, await on.call('/admin/users', { token: own }), 'session-ended')
  t.equal((await on.call('/admin/users', { token: await tokenOf(on, 'robot') })).status, 200, 'the next one is good')
})

t.test('the metadata names what there is', async t => {
  const on = await stage(t)
  const { body } = await on.call('/.well-known/oauth-authorization-server')
  const metadata = body as Record<string, string>
  for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'jwks_uri']) {
    t.match(metadata[name], new RegExp(`^${metadata['issuer']}/`))
  }
})
