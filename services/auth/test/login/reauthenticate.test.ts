/** Step-up (RFC 9470): confirming the password, and the admin actions that need it. */
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, holdRevocationClock, inOrder, untilBlocked } from '../helpers/locks.ts'
import { clientToken, createClient } from '../helpers/oauthForms.ts'
import { assertProblem, logOut, password, renew, startService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const path = '/session/reauthenticate'
const hour = 3600

/** @conforms RFC 9470 section 6.1: an access token has the time of the log-in as `auth_time`. */
t.test('reauthenticate: the right password gives a token with a new auth_time, and renewals keep it', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await service.ageSession(sessionId, hour)
  const renewed = (await renew(service, refreshToken)).body as TestSession
  const before = claimsOf(renewed.accessToken)
  const { status, body, headers } = await service.call(path, { token: renewed.accessToken, body: { password } })
  t.equal(status, 200)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('set-cookie'), null)
  const after = claimsOf((body as TestSession).accessToken)
  t.ok(after.auth_time >= before.auth_time + hour, 'the log-in is dated anew')
  t.match(after, { sid: sessionId, sub: before.sub, epoch: before.epoch, client_id: 'first-party' })
  t.notOk('refreshToken' in (body as object), 'the refresh token stays as it is')
  const again = await renew(service, renewed.refreshToken)
  t.equal(claimsOf((again.body as TestSession).accessToken).auth_time, after.auth_time)
  const retried = await renew(service, renewed.refreshToken)
  t.equal(claimsOf((retried.body as TestSession).accessToken).auth_time, after.auth_time, 'a retry has it too')
})

t.test('reauthenticate: a wrong password is password-wrong, is audited and counted, and ends no session', async t => {
  const service = await startWithAdmin(t, { LOGIN_FAILURES: '2' })
  const ada = await service.createUser()
  const { accessToken: token, refreshToken, sessionId } = await service.login(ada)
  const attempt = (password: string) => service.call(path, { token, body: { password } })
  assertProblem(t, await attempt('a wrong password'), 'password-wrong')
  assertProblem(t, await attempt(''), 'request-malformed')
  const wrong = { actor: ada.id, target: sessionId, outcome: 'password-wrong' }
  t.match(await service.lastAudit('session.reauthenticate'), wrong)
  t.equal((await attempt(password)).status, 200, 'a success takes its count back')
  t.match(await service.lastAudit('session.reauthenticate'), { actor: ada.id, target: sessionId, outcome: 'done' })
  assertProblem(t, await attempt('another wrong password'), 'password-wrong')
  assertProblem(t, await attempt(password), 'rate-limited')
  t.equal((await service.call('/me', { token })).status, 200)
  t.equal((await renew(service, refreshToken)).status, 200)
})

t.test('reauthenticate: refuses ended sessions, disabled accounts, service clients and malformed bodies', async t => {
  const service = await startService(t)
  const { call, createUser, login, database } = service
  const ended = await login(await createUser())
  await logOut({ call }, ended.refreshToken)
  assertProblem(t, await call(path, { token: ended.accessToken, body: { password } }), 'session-ended')
  const user = await createUser()
  const { accessToken: token } = await login(user)
  for (const body of [{}, { password: 7 }, { password, more: 1 }, { password: 'x'.repeat(600) }, [], 'text'])
    assertProblem(t, await call(path, { token, body }), 'request-malformed')
  await database.prisma.$executeRaw`UPDATE accounts SET disabled_at = now() WHERE id = ${user.id}::uuid`
  assertProblem(t, await call(path, { token, body: { password } }), 'account-disabled')
  assertProblem(t, await call(path, { body: { password } }), 'token-missing')
  await createClient(service, 'robot', ['users:read'])
  const robot = await clientToken(service, 'robot')
  assertProblem(t, await call(path, { token: robot, body: { password } }), 'insufficient-scope')
})

t.test('reauthenticate: a session that ends while the statement waits is refused', async t => {
  const service = await startService(t)
  const { accessToken: token, refreshToken, sessionId } = await service.login(await service.createUser())
  const lock = await holdLock(t, service, 'SELECT FROM refresh_tokens WHERE session_id = $1 FOR UPDATE', [sessionId])
  const [ending, waiting] = await inOrder(service, lock, [
    () => logOut(service, refreshToken),
    () => service.call(path, { token, body: { password } }),
  ])
  t.equal(ending.status, 204)
  assertProblem(t, waiting, 'session-ended')
})

/** @conforms RFC 9470 section 3: an old log-in is refused with `insufficient_user_authentication` and `max_age`. */
t.test('admin: sensitive actions need a recent log-in, and go on after the password is confirmed', async t => {
  const { admin, call, callAsAdmin, createUser, ageSession, query } = await startWithAdmin(t)
  const ada = await createUser()
  const { refreshToken, sessionId } = admin
  await ageSession(sessionId, hour)
  const old = (await renew({ call }, refreshToken)).body as TestSession
  const etag = (await callAsAdmin(`/admin/users/${ada.id}`)).headers.get('etag') ?? ''
  const newUser = { email: 'new@example.org', password: 'a passphrase of some length' }
  const actions = [
    { path: '/users', body: newUser },
    { method: 'PATCH', path: `/users/${ada.id}`, body: { scopes: ['a:b'] }, headers: { 'if-match': etag } },
    { path: `/users/${ada.id}/password/reset-code`, body: {} },
    { path: '/clients', body: { id: 'robot', scopes: ['guard'] } },
    { path: '/clients/robot/rotate', body: {} },
    { path: '/sessions/end-all', body: { confirm: 'end every session' } },
  ] as const
  const audited = async () => (await query('SELECT count(*)::int AS n FROM audit_entries'))[0].n
  const before = await audited()
  for (const { path, ...request } of actions) {
    const refused = await call(`/admin${path}`, { method: 'POST', ...request, token: old.accessToken })
    assertProblem(t, refused, 'reauthentication-required')
    t.match(refused.headers.get('www-authenticate'), 'error="insufficient_user_authentication"')
    t.match(refused.headers.get('www-authenticate'), 'max_age="900"')
  }
  t.equal(await audited(), before, 'nothing was done')
  t.equal((await call('/admin/users', { token: old.accessToken })).status, 200, 'reading needs no recent log-in')
  t.equal((await call(`/admin/users/${ada.id}/sessions/end`, { token: old.accessToken, body: {} })).status, 200)

  const confirmed = await call(path, { token: old.accessToken, body: { password } })
  const { accessToken: token } = confirmed.body as TestSession
  const statuses = []
  for (const { path, ...request } of actions) {
    const latest = (await call(`/admin/users/${ada.id}`, { token })).headers.get('etag') ?? ''
    const headers = 'headers' in request ? { 'if-match': latest } : {}
    statuses.push((await call(`/admin${path}`, { method: 'POST', ...request, headers, token })).status)
  }
  t.same(statuses, [201, 200, 200, 201, 200, 200])
})

t.test('admin: a log-in that becomes too old while the action waits for its commit is refused', async t => {
  const service = await startWithAdmin(t, { RECENT_LOGIN_SECONDS: '3' })
  const { callAsAdmin, createUser, query } = service
  const ada = await createUser()
  const etag = (await callAsAdmin(`/admin/users/${ada.id}`)).headers.get('etag') ?? ''
  const { accessToken: token } = await service.login(service.admin)
  const clock = await holdRevocationClock(t, service)
  const body = { scopes: ['a:b'] }
  const change = service.call(`/admin/users/${ada.id}`, { method: 'PATCH', token, body, headers: { 'if-match': etag } })
  await untilBlocked(service, 1)
  await until(async () => {
    const rows = await query('SELECT extract(epoch FROM now()) > $1 AS over', [claimsOf(token).auth_time + 4])
    return rows[0].over
  }, 'the log-in is older than three seconds')
  await clock.release()
  assertProblem(t, await change, 'reauthentication-required')
  t.equal((await callAsAdmin(`/admin/users/${ada.id}`)).headers.get('etag'), etag, 'nothing was changed')
})
