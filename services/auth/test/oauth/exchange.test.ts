/** Token exchange (RFC 8693) and audiences (RFC 8707). */
import { createPublicKey } from 'node:crypto'
import { createVerifier, staticKeys } from '@gatehouse/guard'
import t, { type Test } from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, inOrder, untilBlocked } from '../helpers/locks.ts'
import { createClient, isOAuthError as isError, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, logOut, startService, type TestService, type TestUser } from '../helpers/service.ts'
import { claimsOf, effectOf } from '../helpers/tokens.ts'

const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
const access = 'urn:ietf:params:oauth:token-type:access_token'
const refresh = 'urn:ietf:params:oauth:token-type:refresh_token'
const api = 'https://api.example.org'
const scopes = ['storage:read', 'storage:restricted', 'users:read']

interface Tokens {
  access_token: string
  refresh_token: string
}

async function startExchange(t: Test, settings: Record<string, string> = {}) {
  const service = await startService(t, { RESOURCES: `${api},https://other.example.org`, ...settings })
  await createClient(service, 'portal', ['exchange', 'storage:read', 'users:read'])
  await createClient(service, 'other', ['exchange', 'storage:read'])
  const ada = await service.createUser({ roles: ['admin'], scopes })
  const session = await service.login(ada)
  const subject = { subject_token: session.accessToken, subject_token_type: access }
  const exchange = (form: Record<string, string> = {}, client = 'portal') =>
    postForm(service, '/oauth/token', { grant_type, ...subject, ...form }, client)
  return { ...service, ada, session, exchange }
}

/** What an exchange writes. */
async function written({ database }: Pick<TestService, 'database'>) {
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM refresh_tokens) AS tokens,
            (SELECT count(*) FROM audit_entries WHERE action = 'session.exchange') AS audited`,
  )
  return rows[0] as { sessions: string; tokens: string; audited: string }
}

const renew = (service: Pick<TestService, 'call'>, refresh_token: string, client?: string, more = {}) =>
  postForm(service, '/oauth/token', { grant_type: 'refresh_token', refresh_token, ...more }, client)

t.test('exchange: a client gets no second session from the token of its own session', async t => {
  const service = await startExchange(t)
  const started = (await service.exchange({ requested_token_type: refresh })).body as Tokens
  const { access_token } = (await renew(service, started.refresh_token, 'portal')).body as Tokens
  const before = await written(service)
  const repeated = await service.exchange({ requested_token_type: refresh, subject_token: access_token })
  isError(t, repeated, 'invalid_request')
  t.match(repeated.body, { error_description: /session of this client/ })
  t.same(await written(service), before)
})

/** @conforms RFC 8693 section 2.2.1: `issued_token_type` names the type of the issued token, and `token_type` is `N_A` when it is no access token. */
/** @conforms RFC 6749 section 6: a refresh token is bound to its client, which must authenticate if it is confidential. */
t.test('exchange: a refresh token is a session of the client, which only that client renews', async t => {
  const service = await startExchange(t)
  const { call, exchange, session } = service
  const { status, body } = await exchange({ requested_token_type: refresh, scope: 'storage:read' })
  t.equal(status, 200)
  t.match(body, { issued_token_type: refresh, token_type: 'N_A', scope: 'storage:read', expires_in: Number })
  const first = body as Tokens
  t.equal(first.access_token, first.refresh_token)

  isError(t, await renew(service, first.refresh_token), 'invalid_grant', 'not without its secret')
  isError(t, await renew(service, first.refresh_token, undefined, { client_id: 'portal' }), 'invalid_grant')
  isError(t, await renew(service, first.refresh_token, 'other'), 'invalid_grant', 'not by another client')
  const byCookie = await call('/session/renew', { body: { refreshToken: first.refresh_token } })
  assertProblem(t, byCookie, 'refresh-invalid')
  const second = (await renew(service, first.refresh_token, 'portal')).body as Tokens
  const claims = claimsOf(second.access_token)
  t.match(claims, { client_id: 'portal', sub: service.ada.id, scope: 'storage:read', aud: 'gatehouse' })
  t.strictSame(claims.roles, [])
  t.not(claims.sid, session.sessionId)
  t.equal(claims.auth_time, claimsOf(session.accessToken).auth_time, 'the log-in is that of the user')
  isError(t, await renew(service, session.refreshToken, 'portal'), 'invalid_grant', 'nor does it renew the user')
  t.equal((await call('/session/renew', { body: { refreshToken: session.refreshToken } })).status, 200)

  const list = (await call('/sessions', { token: session.accessToken })).body as { sessions: object[] }
  t.match(list.sessions, [{ id: claims.sid, client: 'portal', current: false }, { client: 'first-party' }])
  const ended = await call(`/sessions/${claims.sid}`, { method: 'DELETE', token: session.accessToken })
  t.match(ended.body, { sessionsEnded: 1, inForce: true })
  t.equal(await effectOf(service, second.access_token), 'ended')
  isError(t, await renew(service, second.refresh_token, 'portal'), 'invalid_grant')
})

t.test('exchange: reuse of a client token ends the session of the client only', async t => {
  const service = await startExchange(t, { RETRY_WINDOW_MS: '0' })
  const first = (await service.exchange({ requested_token_type: refresh })).body as Tokens
  const second = (await renew(service, first.refresh_token, 'portal')).body as Tokens
  await renew(service, second.refresh_token, 'portal')
  isError(t, await renew(service, first.refresh_token, 'other'), 'invalid_grant', 'another client ends nothing')
  t.equal(await effectOf(service, second.access_token), undefined)
  isError(t, await renew(service, first.refresh_token, 'portal'), 'invalid_grant')
  t.equal(await effectOf(service, second.access_token), 'ended')
  t.equal((await service.call('/me', { token: service.session.accessToken })).status, 200)
})

/** @conforms RFC 8693 section 4.1: `act` names the client that acts for the subject. */
t.test('exchange: an access token is narrower, names the client in act, and falls with the session', async t => {
  const service = await startExchange(t)
  const { call, exchange, session } = service
  const { body } = await exchange({ scope: 'users:read', resource: api })
  t.match(body, { issued_token_type: access, token_type: 'Bearer', scope: 'users:read', refresh_token: undefined })
  const { access_token } = body as Tokens
  const claims = claimsOf(access_token)
  t.match(claims, { aud: api, act: { sub: 'portal', sid: String }, client_id: 'portal', sid: session.sessionId })
  t.strictSame(claims.roles, [])
  assertProblem(t, await call('/admin/users', { token: access_token }), 'token-invalid')

  const here = ((await exchange({ scope: 'users:read' })).body as Tokens).access_token
  t.equal((await call('/admin/users', { token: here })).status, 200, 'its scope opens the admin route')
  assertProblem(t, await call('/admin/audit', { token: here }), 'insufficient-scope')
  const path = `/admin/users/${service.ada.id}/disable`
  assertProblem(t, await call(path, { token: here, body: { confirm: 'myself' } }), 'insufficient-scope')
  for (const path of ['/me', '/sessions']) assertProblem(t, await call(path, { token: here }), 'insufficient-scope')
  const again = { subject_token: here }
  isError(t, await exchange(again), 'invalid_request', 'an exchanged token is not exchanged again')
  const form = { token: here }
  isError(t, await postForm(service, '/oauth/revoke', form, 'portal'), 'unsupported_token_type')
  isError(t, await postForm(service, '/oauth/revoke', form, 'other'), 'unauthorized_client')

  await logOut({ call }, session.refreshToken)
  t.equal(await effectOf(service, access_token), 'ended')
  assertProblem(t, await call('/admin/users', { token: here }), 'session-ended')
})

t.test('exchange: the client revokes its session with its own credentials', async t => {
  const service = await startExchange(t)
  const { refresh_token } = (await service.exchange({ requested_token_type: refresh })).body as Tokens
  const form = { token: refresh_token }
  isError(t, await postForm(service, '/oauth/revoke', form), 'unauthorized_client')
  isError(t, await postForm(service, '/oauth/revoke', form, 'other'), 'unauthorized_client')
  t.equal((await postForm(service, '/oauth/revoke', form, 'portal')).status, 200)
  isError(t, await renew(service, refresh_token, 'portal'), 'invalid_grant')
  t.equal((await service.call('/me', { token: service.session.accessToken })).status, 200)
})

/** @conforms RFC 8693 section 2.1: a subject token with its type is required, and an actor token, which is not supported, is refused. */
/** @conforms RFC 8693 section 2.2.2: an invalid or unacceptable subject token is `invalid_request`, and an unknown target `invalid_target`. */
t.test('exchange: bad input has its error, and nothing is written', async t => {
  const service = await startExchange(t)
  const { exchange, session, database } = service
  await createClient(service, 'plain', ['storage:read'])
  const before = await written(service)
  const [head = '', payload = ''] = session.accessToken.split('.')
  const own = (await postForm(service, '/oauth/token', { grant_type: 'client_credentials' }, 'portal')).body as Tokens
  const cases: [form: Record<string, string>, error: string, client?: string][] = [
    [{}, 'unauthorized_client', 'plain'],
    [{}, 'invalid_client', 'unknown'],
    [{ subject_token: '' }, 'invalid_request'],
    [{ subject_token_type: '' }, 'invalid_request'],
    [{ subject_token_type: refresh }, 'invalid_request'],
    [{ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
    [{ requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request'],
    [{ actor_token: session.accessToken, actor_token_type: access }, 'invalid_request'],
    [{ subject_token: 'garbage' }, 'invalid_request'],
    [{ subject_token: session.refreshToken }, 'invalid_request'],
    [{ subject_token: own.access_token }, 'invalid_request'],
    [{ subject_token: `${head}.${payload}.AAAA` }, 'invalid_request'],
    [{ subject_token: 'x'.repeat(9000) }, 'invalid_request'],
    [{ scope: 'storage:restricted' }, 'invalid_scope'],
    [{ scope: 'exchange' }, 'invalid_scope'],
    [{ scope: 'storage:read  users:read' }, 'invalid_scope'],
    [{ scope: 'x'.repeat(5000) }, 'invalid_request'],
    [{ resource: 'https://unknown.example.org' }, 'invalid_target'],
    [{ resource: 'not a uri' }, 'invalid_target'],
    [{ resource: api, audience: 'gatehouse' }, 'invalid_target'],
  ]
  for (const [form, error, client] of cases)
    isError(t, await exchange({ requested_token_type: refresh, ...form }, client), error, JSON.stringify(form))
  await database.prisma.$executeRaw`UPDATE accounts SET disabled_at = now() WHERE id = ${service.ada.id}::uuid`
  isError(t, await exchange({ requested_token_type: refresh }), 'invalid_grant', 'a disabled account')
  t.same(await written(service), before)
})

t.test('exchange: a session that ends before the commit gives nothing', async t => {
  const service = await startExchange(t)
  const { call, exchange, session } = service
  const before = await written(service)
  const lock = await holdLock(t, service, `SELECT FROM service_clients WHERE id = 'portal' FOR NO KEY UPDATE`)
  const begun = [exchange({ requested_token_type: refresh }), exchange()]
  await untilBlocked(service, 2)
  t.equal((await logOut({ call }, session.refreshToken)).status, 204)
  await lock.release()
  for (const response of await Promise.all(begun)) isError(t, response, 'invalid_grant')
  t.match(await written(service), { sessions: before.sessions, audited: before.audited })
})

t.test('exchange: a client that is deleted while the request waits gets nothing', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'portal', ['exchange', 'storage:read'])
  const session = await service.login(await service.createUser({ scopes }))
  const form = { grant_type, subject_token: session.accessToken, subject_token_type: access }
  const lock = await holdLock(t, service, `SELECT FROM service_clients WHERE id = 'portal' FOR UPDATE`)
  const [deleting, exchanging] = await inOrder(service, lock, [
    () => service.callAsAdmin('/admin/clients/portal', { method: 'DELETE', body: {} }),
    () => postForm(service, '/oauth/token', { ...form, requested_token_type: refresh }, 'portal'),
  ])
  t.equal(deleting.status, 200)
  isError(t, exchanging, 'invalid_client')
})

/** @conforms RFC 8707 section 2: the access token is for the requested resource only, in every grant, and an unknown one is `invalid_target`. */
/** @conforms RFC 8707 section 2.2: a refresh token gives access tokens for the granted resource only. */
/** @conforms RFC 9700 section 2.3: an access token is for one resource server. */
t.test('audience: a token for one resource is refused at another', async t => {
  const service = await startExchange(t)
  const { session, exchange, call, environment } = service
  const pem = createPublicKey(environment['SIGNING_KEY'] ?? '').export({ type: 'spki', format: 'pem' })
  const keys = staticKeys([{ pem: String(pem) }])
  const verifierOf = (audience: string) =>
    createVerifier({ keys, issuer: environment['ISSUER'] ?? '', audience, timeMs: () => Date.now() })
  const token = ((await renew(service, session.refreshToken, undefined, { resource: api })).body as Tokens).access_token
  t.equal(claimsOf(token).aud, api)
  t.ok(await verifierOf(api).verify(`Bearer ${token}`))
  await t.rejects(async () => verifierOf('gatehouse').verify(`Bearer ${token}`), { code: 'token-invalid' })
  await t.rejects(async () => verifierOf('https://other.example.org').verify(`Bearer ${token}`))
  assertProblem(t, await call('/me', { token }), 'token-invalid')

  const bound = (await exchange({ requested_token_type: refresh, resource: api })).body as Tokens
  const other = { resource: 'https://other.example.org' }
  isError(t, await renew(service, bound.refresh_token, 'portal', other), 'invalid_target')
  const next = (await renew(service, bound.refresh_token, 'portal')).body as Tokens
  t.equal(claimsOf(next.access_token).aud, api, 'the refused request did not rotate the token')
  const robot = await postForm(service, '/oauth/token', { grant_type: 'client_credentials', resource: api }, 'portal')
  t.match(claimsOf((robot.body as Tokens).access_token), { aud: api, sub: 'portal' })
  const unknown = { grant_type: 'client_credentials', resource: 'https://unknown.example.org' }
  isError(t, await postForm(service, '/oauth/token', unknown, 'portal'), 'invalid_target')
})

t.test('exchange: the limit of sessions and a change of the account apply to the session of a client', async t => {
  const service = await startExchange(t, { SESSIONS_PER_ACCOUNT: '2' })
  const ada: TestUser = service.ada
  const first = (await service.exchange({ requested_token_type: refresh })).body as Tokens
  await service.exchange({ requested_token_type: refresh })
  assertProblem(t, await service.call('/me', { token: service.session.accessToken }), 'session-ended')
  await service.database.prisma.$executeRaw`UPDATE accounts SET scopes = '{users:read}' WHERE id = ${ada.id}::uuid`
  const { body } = await renew(service, first.refresh_token, 'portal')
  t.match(body, { scope: 'users:read' }, 'a scope that the account has lost is lost here too')
  await service.database.prisma.$executeRaw`UPDATE accounts SET disabled_at = now() WHERE id = ${ada.id}::uuid`
  isError(t, await renew(service, (body as Tokens).refresh_token, 'portal'), 'invalid_grant')
})

/** @conforms RFC 7009 section 2.1: the server revokes each token that it has issued to the client. */
t.test('revoke: ends the session of a token for another audience', async t => {
  const service = await startExchange(t)
  const { refresh_token } = (await service.exchange({ requested_token_type: refresh, resource: api })).body as Tokens
  const { access_token } = (await renew(service, refresh_token, 'portal')).body as Tokens
  t.equal(claimsOf(access_token).aud, api)
  t.equal((await postForm(service, '/oauth/revoke', { token: access_token }, 'portal')).status, 200)
  t.equal(await effectOf(service, access_token), 'ended')
})
