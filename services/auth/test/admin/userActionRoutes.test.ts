/** Actions on an account are in force at the response, and the last admin is protected. */
import type { Receipt } from '@gatehouse/contract'
import { codeOf } from '@gatehouse/testkit'
import t from 'tap'
import { readUser, startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem, password, renew } from '../helpers/service.ts'

t.test('change rights: removing a right supersedes the tokens that carry it, and the session continues', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser({ scopes: ['storage:read', 'storage:restricted'] })
  const session = await service.login(ada)
  const { etag } = await readUser(service, ada.id)
  const path = `/admin/users/${ada.id}`
  const body = { scopes: ['storage:read'], reason: 'clearance withdrawn' }
  const change = (headers = {}) => service.callAsAdmin(path, { method: 'PATCH', body, headers })
  assertProblem(t, await change(), 'precondition-required')
  const changed = await change({ 'if-match': etag })
  t.equal(changed.status, 200)
  t.match(changed.body, {
    user: { scopes: ['storage:read'] },
    revocation: { kind: 'user', subject: ada.id, effect: 'superseded', inForce: true },
  })
  assertProblem(t, await service.call('/me', { token: session.accessToken }), 'token-expired')
  const renewed = await renew(service, session.refreshToken)
  t.equal(renewed.status, 200)
  const { accessToken } = renewed.body as { accessToken: string }
  t.match((await service.call('/me', { token: accessToken })).body, { scopes: ['storage:read'] })
  t.match(await service.lastAudit('user.change-rights'), {
    reason: 'clearance withdrawn',
    detail: { from: { scopes: ['storage:read', 'storage:restricted'] }, to: { scopes: ['storage:read'] } },
  })
  for (const old of [etag, `W/${etag}`]) assertProblem(t, await change({ 'if-match': old }), 'precondition-failed')
})

t.test('change rights: adding a right revokes nothing', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const change = { method: 'PATCH', body: { scopes: ['storage:read'] }, headers: { 'if-match': '*' } }
  const changed = await service.callAsAdmin(`/admin/users/${ada.id}`, change)
  t.match(changed.body, { user: { scopes: ['storage:read'] }, revocation: null })
  t.equal((await service.call('/me', { token: session.accessToken })).status, 200)
})

t.test('delete user: removes the personal data, refuses the tokens, keeps the id in the audit log', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const remove = { method: 'DELETE', body: { reason: 'asked for it' } }
  const deleted = await service.callAsAdmin(`/admin/users/${ada.id}`, remove)
  t.match(deleted.body, { kind: 'user', subject: ada.id, effect: 'forbidden', sessionsEnded: 1, inForce: true })
  assertProblem(t, await service.call('/me', { token: session.accessToken }), 'account-disabled')
  assertProblem(t, await renew(service, session.refreshToken), 'session-ended')
  assertProblem(t, await service.call('/session', { body: { email: ada.email, password } }), 'credentials-invalid')
  assertProblem(t, await service.callAsAdmin(`/admin/users/${ada.id}`), 'not-found')
  assertProblem(t, await service.callAsAdmin(`/admin/users/${ada.id}`, remove), 'not-found')
  const [left] = await service.database.prisma.$queryRaw<{ entries: string }[]>`
    SELECT coalesce(string_agg(audit_entries::text, ' '), '') AS entries FROM audit_entries`
  t.match(left?.entries, ada.id)
  t.notMatch(left?.entries, ada.email)
})

t.test('reset code: replaces the password, ends the sessions and opens only the choice of a new password', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const path = `/admin/users/${ada.id}/password/reset-code`
  const { body } = await service.callAsAdmin(path, { body: { reason: 'identity checked by telephone' } })
  const revocation = { kind: 'user', sessionsEnded: 1, inForce: true }
  t.match(body, { code: String, expiresInSeconds: 86_400, revocation })
  const { code } = body as { code: string }
  assertProblem(t, await service.call('/me', { token: session.accessToken }), 'session-ended')
  assertProblem(t, await service.call('/session', { body: { email: ada.email, password } }), 'credentials-invalid')
  const login = { email: ada.email, password: code }
  assertProblem(t, await service.call('/session', { body: login }), 'password-change-required')
  const newPassword = 'a password chosen on the phone'
  t.equal((await service.call('/session', { body: { ...login, newPassword } })).status, 201)
  assertProblem(t, await service.call('/session', { body: login }), 'credentials-invalid')
  t.equal((await service.call('/session', { body: { email: ada.email, password: newPassword } })).status, 201)
  const audit = JSON.stringify(await service.lastAudit('user.issue-reset-code'))
  t.match(audit, /identity checked/)
  t.notMatch(audit, code)
})

t.test('reset code: expires', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const { body } = await service.callAsAdmin(`/admin/users/${ada.id}/password/reset-code`, { body: {} })
  await service.query(`UPDATE accounts SET password_expires_at = now() WHERE id = $1`, [ada.id])
  const login = {
    email: ada.email,
    password: (body as { code: string }).code,
    newPassword: 'a password chosen too late',
  }
  assertProblem(t, await service.call('/session', { body: login }), 'password-expired')
})

t.test('force password change: the password is accepted only together with a new one', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const forced = await service.callAsAdmin(`/admin/users/${ada.id}/password/force-change`, { body: {} })
  t.match(forced.body, { sessionsEnded: 1, inForce: true })
  assertProblem(t, await renew(service, session.refreshToken), 'session-ended')
  const logIn = (more: object = {}) => service.call('/session', { body: { email: ada.email, password, ...more } })
  assertProblem(t, await logIn(), 'password-change-required')
  for (const unacceptable of [password, 'password123'])
    assertProblem(t, await logIn({ newPassword: unacceptable }), 'request-malformed')
  const newPassword = 'something that only Ada knows'
  assertProblem(t, await logIn({ password: 'wrong', newPassword }), 'credentials-invalid')
  t.equal((await logIn({ newPassword })).status, 201)
  const again = { password: newPassword, newPassword: 'yet another password of hers' }
  assertProblem(t, await logIn(again), 'request-malformed')
  t.equal((await logIn({ password: newPassword })).status, 201)
  assertProblem(t, await logIn(), 'credentials-invalid')
})

t.test('last admin: disabling, deleting and demoting are refused', async t => {
  const service = await startWithAdmin(t)
  const path = `/admin/users/${service.admin.id}`
  const confirm = { confirm: 'myself' }
  const disabled = await service.createUser({ roles: ['admin'] })
  await service.callAsAdmin(`/admin/users/${disabled.id}/disable`, { body: {} })
  assertProblem(t, await service.callAsAdmin(`${path}/disable`, { body: confirm }), 'last-admin')
  assertProblem(t, await service.callAsAdmin(path, { method: 'DELETE', body: confirm }), 'last-admin')
  const demotion = { method: 'PATCH', body: { roles: [], ...confirm }, headers: { 'if-match': '*' } }
  assertProblem(t, await service.callAsAdmin(path, demotion), 'last-admin')
  t.equal((await service.call('/me', { token: service.admin.accessToken })).status, 200, 'nothing has changed')
})

t.test('last admin: two admins that disable and demote each other at the same time leave one', async t => {
  const service = await startWithAdmin(t)
  for (let round = 0; round < 5; round += 1) {
    const second = await service.createUser({ roles: ['admin'] })
    const session = await service.login(second)
    const demotion = { method: 'PATCH', body: { roles: [] }, headers: { 'if-match': '*' } }
    const responses = await Promise.all([
      service.callAsAdmin(`/admin/users/${second.id}/disable`, { body: {} }),
      service.call(`/admin/users/${service.admin.id}`, { ...demotion, token: session.accessToken }),
    ])
    const [left] = await service.database.prisma.$queryRaw<{ admins: number }[]>`
      SELECT count(*)::int AS admins FROM accounts WHERE 'admin' = ANY (roles) AND disabled_at IS NULL`
    t.ok((left?.admins ?? 0) >= 1, `one is left: ${responses.map(codeOf)}`)
    await service.database.prisma
      .$executeRaw`UPDATE accounts SET roles = '{admin}', disabled_at = NULL, epoch = 0 WHERE id = ${service.admin.id}::uuid`
    await service.database.prisma.$executeRaw`DELETE FROM accounts WHERE id = ${second.id}::uuid`
  }
})

t.test('own account: an action that affects its caller needs `confirm: myself`', async t => {
  const service = await startWithAdmin(t)
  await service.createUser({ roles: ['admin'] })
  const path = `/admin/users/${service.admin.id}`
  assertProblem(t, await service.callAsAdmin(`${path}/disable`, { body: {} }), 'confirmation-required')
  assertProblem(t, await service.callAsAdmin(`${path}/sessions/end`, { body: {} }), 'confirmation-required')
  const endOwn = (body: object) => service.callAsAdmin(`/admin/sessions/${service.admin.sessionId}/end`, { body })
  assertProblem(t, await endOwn({}), 'confirmation-required')
  const gain = { method: 'PATCH', body: { scopes: ['storage:read'] }, headers: { 'if-match': '*' } }
  t.equal((await service.callAsAdmin(path, gain)).status, 200, 'adding a right needs no confirmation')
  t.match((await endOwn({ confirm: 'myself' })).body, { sessionsEnded: 1, inForce: true })
  assertProblem(t, await service.callAsAdmin(path), 'session-ended')
})

t.test('permissions: an actor without the role admin cannot gain admin rights', async t => {
  const service = await startWithAdmin(t)
  const clerk = await service.login(await service.createUser({ scopes: ['users:write', 'storage:read'] }))
  const ask = (path: string, call = {}) => service.call(path, { token: clerk.accessToken, ...call })
  const newUser = { email: 'new@example.org', password: 'a password that no other account has' }
  for (const rights of [{ roles: ['admin'] }, { scopes: ['clients:write'] }, { roles: ['clerk'] }, { scopes: ['a:b'] }])
    assertProblem(t, await ask('/admin/users', { body: { ...newUser, ...rights } }), 'insufficient-scope')
  t.equal((await ask('/admin/users', { body: { ...newUser, scopes: ['storage:read'] } })).status, 201)
  const auditor = await service.createUser({ roles: ['auditor'] })
  const takeover = { body: { reason: 'takeover' } }
  assertProblem(t, await ask(`/admin/users/${auditor.id}/password/reset-code`, takeover), 'insufficient-scope')
  assertProblem(t, await ask(`/admin/users/${service.admin.id}/disable`, { body: {} }), 'insufficient-scope')
  for (const rights of [{ scopes: ['storage:restricted'] }, { roles: ['accountant'] }]) {
    const holder = await service.createUser(rights)
    assertProblem(t, await ask(`/admin/users/${holder.id}/password/reset-code`, { body: {} }), 'insufficient-scope')
    t.equal((await service.login(holder)).accessToken.length > 0, true, 'the password is still valid')
  }
  const equal = await service.createUser({ scopes: ['storage:read'] })
  t.equal((await ask(`/admin/users/${equal.id}/password/reset-code`, { body: {} })).status, 200)
  const ada = await service.createUser()
  const grant = { method: 'PATCH', body: { roles: ['auditor'] }, headers: { 'if-match': '*' } }
  assertProblem(t, await ask(`/admin/users/${ada.id}`, grant), 'insufficient-scope')
})

t.test('enable user: leaves the sessions of an enabled account active', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const { accessToken, refreshToken } = await service.login(ada)
  const enabled = await service.callAsAdmin(`/admin/users/${ada.id}/enable`, { body: {} })
  t.match(enabled.body, { sessionsEnded: 0, inForce: true })
  t.equal((await service.call('/me', { token: accessToken })).status, 200)
  t.equal((await renew(service, refreshToken)).status, 200)
})

t.test('receipt: can be read again after its entry has been deleted', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const done = (await service.callAsAdmin(`/admin/users/${ada.id}/disable`, { body: {} })).body as Receipt
  await service.database.prisma.$executeRaw`DELETE FROM revocations`
  t.strictSame((await service.callAsAdmin(`/admin/revocations/${done.seq}`)).body, done)
  assertProblem(t, await service.callAsAdmin('/admin/revocations/999999'), 'not-found')
})
