/** The admin routes that create, list and read accounts. */
import type { UserView } from '@gatehouse/contract'
import t from 'tap'
import { readUser, startWithAdmin } from '../helpers/adminClient.ts'
import { clientToken, createClient } from '../helpers/oauthForms.ts'
import { assertProblem, password, renew } from '../helpers/service.ts'

const other = 'a password that no other account has'

t.test('create user: the first log-in replaces the password that an admin knows', async t => {
  const service = await startWithAdmin(t)
  const body = { email: 'Grace@Example.org', password: other, roles: ['auditor'], scopes: ['storage:read'] }
  const created = await service.callAsAdmin('/admin/users', { body })
  const user = created.body as UserView
  t.equal(created.status, 201)
  t.equal(created.headers.get('location'), `/admin/users/${user.id}`)
  const { password: _, ...shown } = body
  t.match(user, { ...shown, state: 'active', sessions: 0 })
  const login = { email: 'grace@example.org', password: other }
  assertProblem(t, await service.call('/session', { body: login }), 'password-change-required')
  const chosen = { ...login, newPassword: 'a passphrase that only its user knows' }
  t.equal((await service.call('/session', { body: chosen })).status, 201)
  t.equal((await readUser(service, user.id)).mustChangePassword, false)
  t.match(await service.lastAudit('user.create'), { actor: service.admin.id, target: user.id, outcome: 'done' })
  t.notMatch(JSON.stringify(await service.lastAudit('user.create')), other, 'the audit log holds no password')
})

t.test('create user: a repeated Idempotency-Key returns the same account, and 422 with another body', async t => {
  const { callAsAdmin } = await startWithAdmin(t)
  const headers = { 'idempotency-key': 'the-first-attempt' }
  const body = { email: 'grace@example.org', password: other, roles: ['auditor'] }
  const create = (more = {}, sent = headers) =>
    callAsAdmin('/admin/users', { body: { ...body, ...more }, headers: sent })
  const responses = [...(await Promise.all([create(), create()])), await create()]
  for (const { status } of responses) t.equal(status, 201)
  t.equal(new Set(responses.map(response => (response.body as UserView).id)).size, 1)
  const others = [{ roles: [] }, { scopes: ['a'] }, { email: 'other@example.org' }]
  for (const other of [...others, { password: 'another password for the account' }])
    assertProblem(t, await create(other), 'idempotency-key-reused')
  assertProblem(t, await callAsAdmin('/admin/users', { body }), 'conflict')
  assertProblem(t, await create({}, { 'idempotency-key': 'x' }), 'request-malformed')
})

t.test('create user: only a service client can pass on a lasting password', async t => {
  const service = await startWithAdmin(t)
  const body = { email: 'grace@example.org', password: other, mustChangePassword: false }
  const refused = await service.callAsAdmin('/admin/users', { body })
  assertProblem(t, refused, 'request-malformed')
  t.match(refused.body, { fields: [{ field: 'body/mustChangePassword' }] })
  const clerk = await service.login(await service.createUser({ scopes: ['users:write'] }))
  assertProblem(t, await service.call('/admin/users', { token: clerk.accessToken, body }), 'request-malformed')
  await createClient(service, 'sign-up', ['users:write'])
  const token = await clientToken(service, 'sign-up')
  const created = await service.call('/admin/users', { token, body: { email: body.email, password: other } })
  t.match(created, { status: 201, body: { mustChangePassword: false } })
  t.equal((await service.call('/session', { body: { email: body.email, password: other } })).status, 201)
  const initial = { ...body, email: 'ada@example.org', mustChangePassword: true }
  t.match(await service.call('/admin/users', { token, body: initial }), { body: { mustChangePassword: true } })
})

t.test('create user: refuses a common password and does not repeat it in the response', async t => {
  const { callAsAdmin } = await startWithAdmin(t)
  const response = await callAsAdmin('/admin/users', { body: { email: 'grace@example.org', password: 'password123' } })
  assertProblem(t, response, 'request-malformed')
  t.notMatch(JSON.stringify(response.body), 'password123')
})

t.test('list users: filters by part of the e-mail address, role and state', async t => {
  const service = await startWithAdmin(t)
  const auditor = await service.createUser({ roles: ['auditor'] })
  const disabled = await service.createUser()
  await service.callAsAdmin(`/admin/users/${disabled.id}/disable`, { body: {} })
  const found = async (query: string) => {
    const { users } = (await service.callAsAdmin(`/admin/users?${query}`)).body as { users: UserView[] }
    return users.map(({ id }) => id)
  }
  t.strictSame(await found('role=auditor'), [auditor.id])
  t.strictSame(await found('state=disabled'), [disabled.id])
  t.strictSame(await found(`email=${disabled.email.slice(0, 8).toUpperCase()}`), [disabled.id])
  t.strictSame(await found('email=%25'), [], 'a percent sign is not a wildcard')
  t.strictSame(await found('email=_erson'), [])
  t.strictSame(await found('state=active&role=nobody'), [])
})

t.test('list users: pages neither repeat nor skip accounts while others are created and deleted', async t => {
  const service = await startWithAdmin(t)
  const ids = [service.admin.id]
  for (let count = 0; count < 6; count += 1) ids.push((await service.createUser()).id)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = cursor === '' ? 'limit=2' : `limit=2&cursor=${cursor}`
    const { body } = await service.callAsAdmin(`/admin/users?${query}`)
    const page = body as { users: UserView[]; nextCursor: string | null }
    seen.push(...page.users.map(({ id }) => id))
    cursor = page.nextCursor
    // An account of an earlier page is deleted between two pages.
    const [gone] = seen.filter(id => id !== service.admin.id)
    if (seen.length === 4) await service.callAsAdmin(`/admin/users/${gone}`, { method: 'DELETE', body: {} })
  }
  t.strictSame(seen.toSorted(), ids.toSorted(), 'each once')
  for (const bad of ['cursor=x', 'cursor=WzFd', 'limit=0', 'limit=101', 'limit=ten', 'unknown=1']) {
    assertProblem(t, await service.callAsAdmin(`/admin/users?${bad}`), 'request-malformed')
  }
})

t.test('read user: contains the sessions and the time of the last use', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const session = await service.call('/session', {
    body: { email: ada.email, password, device: "Ada's laptop", transport: 'body' },
    headers: { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0' },
  })
  const { refreshToken, sessionId } = session.body as { refreshToken: string; sessionId: string }
  await renew(service, refreshToken)
  const { body } = await service.callAsAdmin(`/admin/users/${ada.id}`)
  const { user, sessions } = body as { user: UserView; sessions: Record<string, unknown>[] }
  t.match(user, { sessions: 1, state: 'active', lastSeenAt: String })
  const seen = { device: "Ada's laptop", agent: 'Firefox 140 on Windows', address: '127.0.0.1', renewedAt: String }
  t.match(sessions, [{ id: sessionId, current: false, ...seen }])
  t.equal(sessions[0]?.['renewedAt'], user.lastSeenAt)
  const listed = await service.callAsAdmin(`/admin/users/${ada.id}/sessions`)
  t.strictSame(listed.body, { sessions, ended: [] })
  assertProblem(t, await service.callAsAdmin('/admin/users/00000000-0000-4000-8000-000000000000/sessions'), 'not-found')
})

t.test('read user: the ETag is the version, which every change raises', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const before = await readUser(service, ada.id)
  t.equal(before.etag, `"${before.version}"`)
  await service.callAsAdmin(`/admin/users/${ada.id}/sessions/end`, { body: {} })
  t.ok((await readUser(service, ada.id)).version > before.version)
})

t.test('create user: a grant whose token would exceed the size limit is refused with its field', async t => {
  const service = await startWithAdmin(t)
  const long = Array.from({ length: 50 }, (_, index) => `${String(index).padStart(2, '0')}${'s'.repeat(50)}`)
  const fields = (response: { body: unknown }) => (response.body as { fields: { field: string }[] }).fields
  const body = { email: 'grace@example.org', password: other, scopes: long }
  const creation = await service.callAsAdmin('/admin/users', { body })
  assertProblem(t, creation, 'request-malformed')
  t.match(fields(creation), [{ field: 'body/scopes', reason: /too long by \d+ characters/ }])
  const patch = { method: 'PATCH', body: { roles: ['admin', ...long.slice(0, 49)] }, headers: { 'if-match': '*' } }
  const change = await service.callAsAdmin(`/admin/users/${service.admin.id}`, patch)
  assertProblem(t, change, 'request-malformed')
  t.match(fields(change), [{ field: 'body/roles' }])
  const client = await service.callAsAdmin('/admin/clients', { body: { id: 'robot', scopes: long } })
  assertProblem(t, client, 'request-malformed')

  for (let count = 20; count < 50; count += 3) {
    const email = `size${count}@example.org`
    const some = { ...body, email, scopes: long.slice(0, count) }
    const created = await service.callAsAdmin('/admin/users', { body: some })
    if (created.status !== 201) break
    const login = { email, password: other, newPassword: 'a passphrase that only its user knows' }
    const { body: session } = await service.call('/session', { body: login })
    const { accessToken: token } = session as { accessToken: string }
    t.equal((await service.call('/me', { token })).status, 200, `${count} scopes, ${token.length} characters`)
  }
})
