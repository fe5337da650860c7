/** Admin requests refused for a lack of rights: audit entries, and the limit of a bulk end. */
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem } from '../helpers/service.ts'

t.test('admin: a refused right is in the audit log, at most ten a minute for each actor', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const { accessToken: token } = await service.login(ada)
  for (let count = 0; count < 15; count += 1) {
    assertProblem(t, await service.call('/admin/users', { token }), 'insufficient-scope')
  }
  const denied = { outcome: 'insufficient-scope', detail: { method: 'GET', route: '/admin/users' } }
  t.match(await service.lastAudit('admin.denied'), { actor: ada.id, ...denied })
  const rows = await service.query(`SELECT 1 FROM audit_entries WHERE action = 'admin.denied'`)
  t.equal(rows.length, 10)
})

t.test('admin: only an admin ends more than half of all sessions without naming accounts', async t => {
  const service = await startWithAdmin(t)
  const clerk = await service.createUser({ scopes: ['sessions:revoke'] })
  const { accessToken: token } = await service.login(clerk)
  const [ada, bob] = [await service.createUser(), await service.createUser()]
  await service.login(ada, { device: 'laptop' })
  await service.login(bob, { device: 'phone' })
  const end = (criteria: object) =>
    service.call('/admin/sessions/end', { token, body: { criteria, confirm: 'myself' } })
  assertProblem(t, await end({ network: '0.0.0.0/0' }), 'insufficient-scope')
  assertProblem(t, await end({ createdBefore: '2999-01-01T00:00:00Z' }), 'insufficient-scope')
  t.match(await end({ device: 'laptop' }), { status: 200, body: { sessionsEnded: 1 } })
  t.match(await end({ accounts: [ada.id, bob.id] }), { status: 200, body: { sessionsEnded: 1 } })
  for (let count = 0; count < 6; count += 1)
    await service.login(count % 2 === 0 ? ada : bob, { device: `part ${count}` })
  const parts = await Promise.all([0, 1, 2, 3, 4, 5].map(count => end({ device: `part ${count}` })))
  const refused = parts.filter(({ status }) => status !== 200)
  t.ok(refused.length >= 3, 'parts of half of all, at once, are together more')
  for (const answer of refused) assertProblem(t, answer, 'insufficient-scope')
  const all = { criteria: { network: '0.0.0.0/0' }, confirm: 'myself' }
  t.match(await service.callAsAdmin('/admin/sessions/end', { body: all }), { status: 200 })
})

t.test('admin: a call of a disabled admin is in the audit log', async t => {
  const service = await startWithAdmin(t)
  const bob = await service.createUser({ roles: ['admin'] })
  const { accessToken: token } = await service.login(bob)
  t.equal((await service.callAsAdmin(`/admin/users/${bob.id}/disable`, { body: {} })).status, 200)
  assertProblem(t, await service.call('/admin/clients', { token }), 'account-disabled')
  const denied = { outcome: 'account-disabled', detail: { method: 'GET', route: '/admin/clients' } }
  t.match(await service.lastAudit('admin.denied'), { actor: bob.id, ...denied })
})
