/** Log-in: the response by either transport, and what is stored. */
import { type HttpResponse, pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { hashPassword } from '../../src/passwords/argon2.ts'
import { startReplica, untilStarted } from '../helpers/replicas.ts'
import { password, renew, startService, type TestSession } from '../helpers/service.ts'
import { claimsOf, generationOf, headerOf } from '../helpers/tokens.ts'

const cookieOf = (response: HttpResponse) => response.headers.getSetCookie()

/** @conforms RFC 9068 section 2.1: `typ` is `at+jwt`. */
/** @conforms RFC 9068 section 2.2: a token has `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`, and `auth_time` (section 2.2.1). */
t.test('log-in: returns 201 with an RFC 9068 access token and, by body, a refresh token of generation 0', async t => {
  const { call, createUser } = await startService(t)
  const ada = await createUser({ roles: ['clerk'], scopes: ['storage:restricted', 'storage:read'] })
  const response = await call('/session', { body: { email: ada.email, password, transport: 'body' } })
  const body = response.body as TestSession & Record<string, unknown>
  t.equal(response.status, 201)
  t.equal(response.headers.get('cache-control'), 'no-store')
  t.same(cookieOf(response), [], 'no cookie beside the body')
  t.match(body, { tokenType: 'Bearer', expiresIn: 300 })
  t.match(body.refreshToken, /^ghr_[\w-]{94}$/)
  t.equal(generationOf(body.refreshToken), 0)
  t.match(headerOf(body.accessToken), { alg: 'ES256', typ: 'at+jwt', kid: /^[\w-]{43}$/ })
  const claims = claimsOf(body.accessToken)
  t.match(claims, {
    iss: 'http://auth.test',
    aud: 'gatehouse',
    sub: ada.id,
    sid: body.sessionId,
    client_id: 'first-party',
    scope: 'storage:restricted storage:read',
    roles: ['clerk'],
    epoch: 0,
    global_epoch: 0,
  })
  t.equal(claims.exp - claims.iat, 300)
  t.ok(Math.abs(claims.auth_time - claims.iat) <= 1, 'auth_time is the time of the log-in')
  t.notSame(claims.jti, '')
})

t.test('log-in: the cookie is HttpOnly, Secure and SameSite=Strict, and the body has no refresh token', async t => {
  const { call, createUser } = await startService(t)
  const { email } = await createUser()
  const remembered = await call('/session', { body: { email, password } })
  t.equal(remembered.status, 201)
  t.notOk('refreshToken' in (remembered.body as object))
  const [cookie = '', marker, ...others] = cookieOf(remembered)
  t.match(others, [/^__Secure-gatehouse-device-[0-9a-f]{8}=ghd_[\w-]{67}; /])
  t.match(marker, /^gatehouse-signed-in=1; Path=\/; Expires=[^;]+; Secure; SameSite=Strict$/, 'scripts may read it')
  t.match(cookie, /^__Secure-gatehouse=ghr_[\w-]{94}; /)
  for (const attribute of [/; Path=\/session(;|$)/, /; HttpOnly(;|$)/, /; Secure(;|$)/, /; SameSite=Strict(;|$)/])
    t.match(cookie, attribute)
  t.notMatch(cookie, /Domain/i)
  const expires = Date.parse(/; Expires=([^;]+)/.exec(cookie)?.[1] ?? '')
  const { sessionExpiresAt } = remembered.body as { sessionExpiresAt: string }
  t.ok(Math.abs(expires - Date.parse(sessionExpiresAt)) < 1000, 'the cookie ends with the session')
})

t.test('log-in: without `remember`, sets a browser-session cookie and uses the short lifetime', async t => {
  const { call, createUser } = await startService(t, {
    SHORT_SESSION_SECONDS: '3600',
    SHORT_SESSION_IDLE_SECONDS: '600',
  })
  const { email } = await createUser()
  const response = await call('/session', { body: { email, password, remember: false } })
  t.notMatch(cookieOf(response)[0], /Expires|Max-Age/i)
  const { sessionExpiresAt, accessToken } = response.body as TestSession & { sessionExpiresAt: string }
  t.ok(Math.abs(Date.parse(sessionExpiresAt) - Date.now() - 3600_000) < 10_000)
  const { sessions } = (await call('/sessions', { token: accessToken })).body as { sessions: { expiresAt: string }[] }
  t.ok(Math.abs(Date.parse(sessions[0]?.expiresAt ?? '') - Date.now() - 600_000) < 10_000, 'earlier when it is idle')
})

t.test('log-in: the access token expires with its session at the latest, and `expiresIn` says so', async t => {
  const settings = { SHORT_SESSION_SECONDS: '20', SHORT_SESSION_IDLE_SECONDS: '20', ACCESS_TOKEN_SECONDS: '300' }
  const { call, createUser, ageSession, login } = await startService(t, settings)
  const ada = await createUser()
  const response = await call('/session', { body: { email: ada.email, password, remember: false, transport: 'body' } })
  const { accessToken, expiresIn } = response.body as TestSession & { expiresIn: number }
  const { iat, exp } = claimsOf(accessToken)
  t.equal(expiresIn, exp - iat)
  t.ok(expiresIn <= 21, `${expiresIn} s`)

  const { refreshToken, sessionId } = await login(ada, { remember: false })
  await ageSession(sessionId, 19)
  const last = await renew({ call }, refreshToken)
  t.equal(last.status, 200)
  const { accessToken: short } = last.body as TestSession
  t.equal((await call('/me', { token: short })).status, 200, 'a token of the last second is still a token')
})

t.test('log-in: finds the account by its e-mail address in any case and any Unicode compatibility form', async t => {
  const { call, query, createUser } = await startService(t)
  const { id } = await createUser()
  await query(`UPDATE accounts SET email = 'Zoë@Example.org', email_key = 'zoë@example.org' WHERE id = $1`, [id])
  const spellings = ['Zoë@Example.org', 'ZOË@EXAMPLE.ORG', 'zoe\u0308@example.org', '\uff3aoë@example.org']
  for (const email of spellings) {
    const { status } = await call('/session', { body: { email, password, transport: 'body' } })
    t.equal(status, 201, email)
  }
  const other = await call('/session', { body: { email: 'zoe@example.org', password, transport: 'body' } })
  t.equal(other.status, 401, 'an accent distinguishes accounts')
})

t.test('log-in: accepts the password in any Unicode normalization form', async t => {
  const { call, query, createUser } = await startService(t)
  const { id, email } = await createUser()
  const hash = await hashPassword('caf\u00e9 au lait')
  await query('UPDATE accounts SET password_hash = $1 WHERE id = $2', [hash, id])
  const response = await call('/session', { body: { email, password: 'cafe\u0301 au lait', transport: 'body' } })
  t.equal(response.status, 201)
})

t.test('log-in: stores device, user agent and address, cut to their maximum length', async t => {
  const { call, createUser, login } = await startService(t)
  const ada = await createUser()
  const headers = { 'user-agent': `Browser/1 ${'x'.repeat(1000)}` }
  const body = { email: ada.email, password, device: 'Ada’s laptop', transport: 'body' }
  const response = await call('/session', { body, headers })
  const { sessionId } = response.body as TestSession
  const { accessToken } = await login(ada)
  const { sessions } = (await call('/sessions', { token: accessToken })).body as { sessions: Record<string, unknown>[] }
  const kept = sessions.find(({ id }) => id === sessionId)
  t.match(kept, { device: 'Ada’s laptop', address: '127.0.0.1', current: false })
  t.equal(String(kept?.['userAgent']).length, 300)
  t.ok(sessions.some(({ current, device }) => current === true && device === null))
})

t.test('log-in: creates a new session whatever session identifiers the request carries', async t => {
  const { call, createUser, login } = await startService(t)
  const [mallory, ada] = [await createUser(), await createUser()]
  const planted = await login(mallory)
  const { refreshToken: cookie, accessToken } = planted
  const headers = { cookie: `__Secure-gatehouse=${cookie}`, authorization: `Bearer ${accessToken}` }
  const response = await call('/session', { body: { email: ada.email, password, transport: 'body' }, headers })
  const { sessionId, refreshToken } = response.body as TestSession
  t.not(sessionId, planted.sessionId)
  t.not(refreshToken, planted.refreshToken)
  t.not((await login(ada)).sessionId, sessionId)
  const fixed = await call('/session', { body: { email: ada.email, password, sessionId: planted.sessionId } })
  t.equal(fixed.status, 400, 'a client cannot choose the session id')
})

t.test('log-in: by transport cookie, ends the sessions of the cookies that it replaces, and no other', async t => {
  const { call, createUser, login } = await startService(t)
  const ada = await createUser()
  const [replaced, kept] = [await login(ada), await login(ada)]
  const headers = { cookie: `__Secure-gatehouse=junk; __Secure-gatehouse=${replaced.refreshToken}` }
  const me = async ({ accessToken }: TestSession) => (await call('/me', { token: accessToken })).status
  t.equal((await call('/session', { body: { email: ada.email, password: 'a wrong guess' }, headers })).status, 401)
  const byBody = { email: ada.email, password, transport: 'body' }
  t.equal((await call('/session', { body: byBody, headers })).status, 201)
  t.equal(await me(replaced), 200, 'a failed log-in and one that sets no cookie end nothing')
  t.equal((await call('/session', { body: { email: ada.email, password }, headers })).status, 201)
  t.equal(await me(replaced), 401)
  t.equal(await me(kept), 200)
})

t.test('log-in: writes an audit entry with actor, address and outcome, without secrets', async t => {
  const { call, createUser, query } = await startService(t)
  const { email, id } = await createUser()
  await call('/session', { body: { email, password, transport: 'body' } })
  await call('/session', { body: { email, password: 'a wrong guess' } })
  await call('/session', { body: { email: 'unknown@example.org', password: 'a wrong guess' } })
  const rows = await query('SELECT * FROM audit_entries ORDER BY id')
  t.match(rows, [
    { action: 'session.start', actor: id, target: id, outcome: 'done', address: '127.0.0.1', request_id: /./ },
    { action: 'session.start', actor: null, target: id, outcome: 'credentials-invalid' },
    { action: 'session.start', actor: null, target: null, outcome: 'credentials-invalid' },
  ])
  const text = JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
  for (const secret of [password, 'a wrong guess', 'ghr_', 'argon2']) t.notOk(text.includes(secret), secret)
})

t.test('log-in: takes two statements', async t => {
  const service = await startService(t)
  const { email } = await service.createUser()
  const line = await pgProxy(t, service.database.url)
  const replica = await startReplica(t, service, { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  const { call } = replica
  await untilStarted(service, replica)
  await call('/session', { body: { email, password } })
  await until(() => line.statements() === 0, 'what begins with the service is done')
  t.equal((await call('/session', { body: { email, password } })).status, 201)
  t.equal(line.statements(), 2)
})
