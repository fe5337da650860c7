/** Parameters of the OAuth endpoints: scope, lifetime, public clients; badInput.test.ts has the invalid ones. */
import t from 'tap'
import { createClient, postForm } from '../helpers/oauthForms.ts'
import { basic, issuer, startService, type TestService } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

interface Tokens {
  access_token: string
  refresh_token: string
  scope?: string
  expires_in: number
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }

function refresh(service: TestService, refreshToken: string, more: Record<string, string> = {}) {
  return postForm(service, '/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...more })
}

/** @conforms RFC 6749 section 6: a narrower `scope` is honoured for that access token. */
t.test('refresh: a narrower scope is in that access token only (RFC 6749 section 6)', async t => {
  const service = await startService(t)
  const session = await service.login(await service.createUser({ scopes: ['storage:read', 'storage:write'] }))
  const narrow = (await refresh(service, session.refreshToken, { scope: 'storage:read' })).body as Tokens
  t.equal(narrow.scope, 'storage:read')
  t.equal(claimsOf(narrow.access_token).scope, 'storage:read')
  const again = (await refresh(service, session.refreshToken, { scope: 'storage:read' })).body as Tokens
  t.equal(again.refresh_token, narrow.refresh_token, 'a retry gets the same successor')
  t.equal(claimsOf(again.access_token).scope, 'storage:read')
  const full = (await refresh(service, narrow.refresh_token)).body as Tokens
  t.equal(full.scope, 'storage:read storage:write', 'the next one can have every scope')
})

/** @conforms RFC 6749 section 6: a scope that was not granted is `invalid_scope`, and the refresh token can be presented again. */
t.test('refresh: a scope that was never granted is invalid_scope, and the token does not rotate', async t => {
  const service = await startService(t)
  const session = await service.login(await service.createUser({ scopes: ['storage:read'] }))
  const where = { sessionId: session.sessionId }
  const row = () => service.database.prisma.refreshToken.findUnique({ where })
  const before = await row()
  for (const scope of ['storage:write', 'storage:read storage:write', 'storage:read  storage:read', 'a"b', ' ']) {
    const refused = await refresh(service, session.refreshToken, { scope })
    t.equal(refused.status, 400, scope)
    t.match(refused.body, { error: 'invalid_scope' }, scope)
  }
  t.strictSame(await row(), before)
  t.equal((await refresh(service, session.refreshToken, { scope: 'storage:read' })).status, 200)
})

/** @conforms RFC 6749 section 5.1: `expires_in` is the lifetime of the access token; `scope` is left out when it is empty. */
t.test('token: expires_in is the end of the session when that comes first; an empty scope is left out', async t => {
  const service = await startService(t, { SESSION_SECONDS: '100', SESSION_IDLE_SECONDS: '100' })
  const session = await service.login(await service.createUser())
  await service.ageSession(session.sessionId, 60)
  const body = (await refresh(service, session.refreshToken)).body as Tokens
  t.ok(body.expires_in <= 41 && body.expires_in > 30, `${body.expires_in}`)
  const { iat, exp } = claimsOf(body.access_token)
  t.equal(body.expires_in, exp - iat)
  t.notOk('scope' in body)
})

t.test('public client: an empty secret with Basic is none', async t => {
  const service = await startService(t)
  await createClient(service, 'robot', ['users:read'])
  const session = await service.login(await service.createUser())
  const send = (path: string, id: string, fields: Record<string, string>) =>
    service.call(path, {
      body: new URLSearchParams(fields).toString(),
      headers: { ...form, authorization: basic(id, '') },
    })
  const fields = { grant_type: 'refresh_token', refresh_token: session.refreshToken }
  t.match((await send('/oauth/token', 'robot', fields)).body, { error: 'invalid_grant' })
  t.match((await send('/oauth/token', 'robot', { grant_type: 'client_credentials' })).body, { error: 'invalid_client' })
  t.match((await send('/oauth/revoke', 'robot', { token: session.refreshToken })).body, { error: 'invalid_client' })
  const { body } = await send('/oauth/token', 'first-party', fields)
  const { refresh_token: token } = body as Tokens
  t.match(token, /^ghr_/)
  t.equal((await send('/oauth/revoke', 'first-party', { token })).status, 200)
  t.match((await refresh(service, token)).body, { error: 'invalid_grant' })
})

t.test('parameters: no body, or one that is no form', async t => {
  const service = await startService(t)
  const none = await service.call('/oauth/token', { method: 'POST' })
  t.match(none.body, { error: 'invalid_request', error_description: 'The parameter grant_type is missing.' })
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=a']) {
    const { status, body } = await service.call('/oauth/token', { body: '{}', headers: { 'content-type': type } })
    t.equal(status, 400)
    t.match(body, { error: 'invalid_request', error_description: /form/ })
  }
})

t.test('Location: has the path of the public URL', async t => {
  const service = await startService(t, { ISSUER: `${issuer}/auth` })
  const admin = await service.login(await service.createUser({ roles: ['admin'] }))
  const body = { id: 'new-client', scopes: ['guard'] }
  const created = await service.call('/admin/clients', { token: admin.accessToken, body })
  t.equal(created.headers.get('location'), '/auth/admin/clients')
})
