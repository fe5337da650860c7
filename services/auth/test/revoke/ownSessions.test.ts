/** What users do with their own account: read it, list and end sessions, change the password. */
import { randomUUID } from 'node:crypto'
import type { Problem, SessionView } from '@gatehouse/contract'
import type { HttpResponse } from '@gatehouse/testkit'
import t from 'tap'
import { testGuard } from '../helpers/feedGuard.ts'
import { assertProblem, logOut, password, renew, startService, type TestService } from '../helpers/service.ts'
import { effectOf } from '../helpers/tokens.ts'

const newPassword = 'another long passphrase'

async function sessionsOf({ call }: Pick<TestService, 'call'>, token: string): Promise<SessionView[]> {
  return ((await call('/sessions', { token })).body as { sessions: SessionView[] }).sessions
}

t.test('sessions: one that ended stays visible with its reason, and one of another account does not', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, phone] = [await service.login(ada), await service.login(ada, { device: 'phone' })]
  const other = await service.login(await service.createUser())
  for (const { refreshToken } of [phone, other]) await logOut(service, refreshToken)
  const { body } = await service.call('/sessions', { token: mine.accessToken })
  t.match(body, { ended: [{ id: phone.sessionId, device: 'phone', endedAs: 'logged-out', endedAt: String }] })
  t.equal((body as { ended: unknown[] }).ended.length, 1)
})

t.test("`GET /me`: returns the caller's account with `no-store`", async t => {
  const { call, createUser, login } = await startService(t)
  const ada = await createUser({ roles: ['clerk'], scopes: ['storage:read'] })
  const { accessToken: token } = await login(ada)
  const response = await call('/me', { token })
  t.match(response, { status: 200, body: { ...ada, roles: ['clerk'], scopes: ['storage:read'], createdAt: /^20/ } })
  t.notMatch(JSON.stringify(response.body), /argon2|hash/i)
  t.equal(response.headers.get('cache-control'), 'no-store')
  assertProblem(t, await call('/me'), 'token-missing')
})

t.test('end own session: ends that session, and a repetition changes nothing', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, phone] = [await service.login(ada), await service.login(ada, { device: 'phone' })]
  const end = () => service.call(`/sessions/${phone.sessionId}`, { method: 'DELETE', token: mine.accessToken })
  t.match(await end(), { status: 200, body: { sessionsEnded: 1, inForce: true } })
  t.match(await end(), { status: 200, body: { sessionsEnded: 0, inForce: true } })
  assertProblem(t, await service.call('/me', { token: phone.accessToken }), 'session-ended')
  const left = await sessionsOf(service, mine.accessToken)
  t.same(
    left.map(({ id, current }) => ({ id, current })),
    [{ id: mine.sessionId, current: true }],
  )
})

t.test('end own session: the responses for a foreign and for an unknown session are identical', async t => {
  const service = await startService(t)
  const [ada, bob] = [await service.createUser(), await service.createUser()]
  const [mine, his] = [await service.login(ada), await service.login(bob)]
  const end = async (id: string) => service.call(`/sessions/${id}`, { method: 'DELETE', token: mine.accessToken })
  const presented = ({ status, headers, body }: HttpResponse) => {
    const { requestId: _, ...problem } = body as Problem
    return { status, headers: [...headers].filter(([name]) => name !== 'date'), problem }
  }
  const others = await end(his.sessionId)
  assertProblem(t, others, 'not-found')
  t.same(presented(await end(randomUUID())), presented(others))
  t.equal((await service.call('/me', { token: his.accessToken })).status, 200)
  assertProblem(t, await end('not-an-id'), 'request-malformed')
  assertProblem(t, await end(his.sessionId.toUpperCase()), 'request-malformed')
})

t.test("end own sessions: `others=true` is required and keeps the caller's session", async t => {
  const service = await startService(t)
  const [ada, bob] = [await service.createUser(), await service.createUser()]
  const [mine, one, two, his] = [
    await service.login(ada),
    await service.login(ada),
    await service.login(ada),
    await service.login(bob),
  ]
  const end = (query: string) => service.call(`/sessions${query}`, { method: 'DELETE', token: mine.accessToken })
  for (const query of ['', '?others=false', '?others=', '?others=true&others=true', '?others=true&x=1'])
    assertProblem(t, await end(query), 'request-malformed')
  t.match(await end('?others=true'), { status: 200, body: { sessionsEnded: 2, inForce: true } })
  for (const { accessToken } of [one, two]) {
    assertProblem(t, await service.call('/me', { token: accessToken }), 'session-ended')
    t.equal(await effectOf(service, accessToken), 'ended')
  }
  for (const { accessToken } of [mine, his]) t.equal((await service.call('/me', { token: accessToken })).status, 200)
})

t.test('change password: ends the other sessions, and none with `endOthers: false`', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, other] = [await service.login(ada), await service.login(ada)]
  const change = (body: object) => service.call('/me/password', { method: 'PUT', token: mine.accessToken, body })
  const kept = await change({ currentPassword: password, newPassword, endOthers: false })
  t.match(kept, { status: 200, body: { sessionsEnded: 0, inForce: true } })
  t.equal((await service.call('/me', { token: other.accessToken })).status, 200)
  const body = { currentPassword: newPassword, newPassword: 'a third long passphrase' }
  t.match(await change(body), { status: 200, body: { sessionsEnded: 1, inForce: true } })
  assertProblem(t, await renew(service, other.refreshToken), 'session-ended')
  t.equal((await renew(service, mine.refreshToken)).status, 200)
  assertProblem(t, await service.call('/session', { body: { email: ada.email, password } }), 'credentials-invalid')
  t.ok(await service.login(ada, { password: 'a third long passphrase' }))
})

t.test('change password: a request repeated with its Idempotency-Key succeeds like the first', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, other] = [await service.login(ada), await service.login(ada)]
  const body = { currentPassword: password, newPassword }
  const headers = { 'idempotency-key': 'key-of-the-change' }
  const change = (more = body) =>
    service.call('/me/password', { method: 'PUT', token: mine.accessToken, body: more, headers })
  t.match(await change(), { status: 200, body: { sessionsEnded: 1, inForce: true } })
  const later = await service.login(ada, { password: newPassword })
  t.match(await change(), { status: 200, body: { sessionsEnded: 0, inForce: true } })
  t.equal((await service.call('/me', { token: later.accessToken })).status, 200, 'a session that began since stays')
  const rows = await service.query(
    `SELECT outcome FROM audit_entries WHERE action = 'user.change-password' ORDER BY id`,
  )
  t.strictSame(rows, [{ outcome: 'done' }, { outcome: 'repeated' }])
  assertProblem(t, await change({ ...body, newPassword: 'another passphrase of hers' }), 'idempotency-key-reused')
  const withoutKey = { method: 'PUT', token: mine.accessToken, body }
  assertProblem(t, await service.call('/me/password', withoutKey), 'password-wrong')
  assertProblem(t, await renew(service, other.refreshToken), 'session-ended')
  t.equal((await renew(service, mine.refreshToken)).status, 200)
  t.ok(await service.login(ada, { password: newPassword }))
})

t.test('change password: an unacceptable password is refused with the reason and not repeated', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const { accessToken: token } = await service.login(ada)
  const bad: Record<string, RegExp> = {
    'short1!': /at least 15/,
    [`${'long '.repeat(25)}long!`]: /at most 128/,
    passwordpassword: /common/,
    'PASSWORD123-PASSWORD123': /easy to guess/,
    '\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff12\uff13 password': /easy to guess/,
    [ada.email]: /e-mail address/,
    abababababababab: /easy to guess/,
    '😀😀😀😀😀😀😀😀😀😀😀😀😀😀': /at least 15/,
  }
  for (const [newPassword, reason] of Object.entries(bad)) {
    const body = { currentPassword: password, newPassword }
    const response = await service.call('/me/password', { method: 'PUT', token, body })
    assertProblem(t, response, 'request-malformed')
    t.match(response.body, { fields: [{ field: 'body/newPassword', reason }] })
    t.notOk(JSON.stringify(response.body).includes(newPassword), 'not repeated')
  }
  const longest = 'é long one '.repeat(11).slice(0, 120)
  const body = { currentPassword: password, newPassword: longest }
  t.equal((await service.call('/me/password', { method: 'PUT', token, body })).status, 200)
})

t.test('change password: a wrong current password changes nothing', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const { accessToken: token } = await service.login(ada)
  const body = { currentPassword: 'a wrong guess', newPassword }
  const refused = await service.call('/me/password', { method: 'PUT', token, body })
  assertProblem(t, refused, 'password-wrong')
  t.match(refused.body, { fields: [{ field: 'body/currentPassword', reason: String }] })
  t.equal((await service.call('/me', { token })).status, 200, 'the session continues')
  const rows = await service.query("SELECT outcome FROM audit_entries WHERE action = 'user.change-password'")
  t.strictSame(rows, [{ outcome: 'password-wrong' }], 'the audit log records the failure')
  t.ok(await service.login(ada))
})

t.test('end own session: `Prefer: wait=0` returns 202 without the names of guards', async t => {
  const service = await startService(t, { POLL_HOLD_MS: '50' })
  const ada = await service.createUser()
  const [mine, phone, tablet] = [await service.login(ada), await service.login(ada), await service.login(ada)]
  const guard = testGuard(service)
  await guard.start()
  const end = (id: string, prefer: string) =>
    service.call(`/sessions/${id}`, { method: 'DELETE', token: mine.accessToken, headers: { prefer } })
  const response = await end(phone.sessionId, 'wait=0')
  t.match(response, { status: 202, body: { sessionsEnded: 1, inForce: false } })
  t.same(Object.keys(response.body as object).sort(), ['inForce', 'sessionsEnded', 'waitedMs'])
  t.equal(response.headers.get('preference-applied'), 'wait=0')
  t.equal((await end(tablet.sessionId, 'respond-async')).status, 202)
  assertProblem(t, await service.call('/me', { token: phone.accessToken }), 'session-ended')
  await service.query('DELETE FROM guards WHERE id = $1', [guard.id])
  t.match(await end(phone.sessionId, 'wait=5'), { status: 200, body: { inForce: true } })
  for (const prefer of ['wait=soon', 'wait=-1', 'wait=99999999999', 'handling=lenient', ';;=,,']) {
    const ignored = await end(phone.sessionId, prefer)
    t.match(ignored, { status: 200, body: { inForce: true } }, `${prefer} is ignored`)
    t.equal(ignored.headers.get('preference-applied'), null)
  }
})
