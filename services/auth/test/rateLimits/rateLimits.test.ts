/** Limits that hold across replicas, and hinder nobody but whoever ran into them. */
import { randomUUID } from 'node:crypto'
import { problemDefinition } from '@gatehouse/contract'
import { type Call, pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { office } from '../helpers/adminClient.ts'
import { testGuard } from '../helpers/feedGuard.ts'
import { machine, post } from '../helpers/oauthForms.ts'
import { replica } from '../helpers/replicas.ts'
import { basic, isRefusal, stage } from '../helpers/service.ts'

t.test('invented refresh tokens are stopped by address, and genuine ones from there go on', async t => {
  const on = await stage(t, { RENEW_FAILURES: '3' })
  const { call: other } = await replica(t, on)
  const session = await on.login(await on.person())
  const invent = (call: Call) => call('/session/renew', { body: { refreshToken: 'ghr_invented' } })
  for (let tries = 0; tries < 3; tries += 1) isRefusal(t, await invent(on.call), 'refresh-invalid')
  const stopped = await invent(on.call)
  isRefusal(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"renew";r=0;t=\d+$/)
  t.equal(stopped.headers.get('ratelimit-policy'), '"renew";q=3;w=60')
  isRefusal(t, await invent(other), 'refresh-invalid')
  isRefusal(t, await invent(other), 'rate-limited')
  t.equal((await on.call('/session/renew', { body: { refreshToken: session.refreshToken } })).status, 200)
})

t.test('a client in a loop with a dead token is stopped, and its other session goes on', async t => {
  const on = await stage(t, { RENEW_FAILURES: '3' })
  const ada = await on.person()
  const [dead, alive] = [await on.login(ada), await on.login(ada)]
  await on.call('/session', { method: 'DELETE', body: { refreshToken: dead.refreshToken } })
  const renew = ({ refreshToken }: { refreshToken: string }) => on.call('/session/renew', { body: { refreshToken } })
  for (let tries = 0; tries < 3; tries += 1) isRefusal(t, await renew(dead), 'session-ended')
  isRefusal(t, await renew(dead), 'rate-limited')
  isRefusal(t, await renew(dead), 'rate-limited')
  const throttles = await on.database.prisma.$queryRaw<unknown[]>`
    SELECT target, address FROM audit_entries WHERE action = 'session.renew' AND outcome = 'rate-limited'`
  t.strictSame(throttles, [{ target: dead.sessionId, address: '127.0.0.1' }], 'it is written down once')
  t.equal((await renew(alive)).status, 200)
})

t.test('wrong secrets of clients are stopped by address, and who was right before goes on', async t => {
  const on = await stage(t, { CLIENT_FAILURES: '3' })
  await machine(on, 'checker', ['introspect'])
  await machine(on, 'late', ['introspect'])
  const guard = testGuard(on)
  const introspect = (client: string) => post(on, '/oauth/introspect', { token: 'x' }, client)
  t.equal((await guard.poll()).status, 200)
  t.equal((await introspect('checker')).status, 200)

  const guess = () => basic('guards', randomUUID())
  isRefusal(t, await testGuard(on, { authorization: guess() }).poll(), 'client-invalid')
  const leave = { body: { guard: guard.id }, headers: { authorization: guess() } }
  isRefusal(t, await on.call('/guards/leave', leave), 'client-invalid')
  t.match(await introspect('unknown'), { status: 401, body: { error: 'invalid_client' } })

  const stopped = await testGuard(on, { authorization: guess() }).poll()
  isRefusal(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"client";r=0;t=\d+$/)
  isRefusal(t, await on.call('/guards/leave', leave), 'rate-limited')
  for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke']) {
    const form = { grant_type: 'client_credentials', token: 'x', client_id: 'late', client_secret: randomUUID() }
    const { status, headers, body } = await post(on, path, form)
    t.match(
      { status, body },
      { status: problemDefinition('rate-limited').status, body: { error: 'temporarily_unavailable' } },
    )
    t.match(headers.get('retry-after'), /^[1-9]\d*$/)
  }
  t.equal((await guard.poll()).status, 200, 'a guard keeps its lease')
  t.equal((await introspect('checker')).status, 200)
  t.equal((await introspect('late')).status, problemDefinition('rate-limited').status, 'who was not seen before waits')
  const throttles = await on.database.prisma.$queryRaw<unknown[]>`
    SELECT target, address FROM audit_entries WHERE action = 'client.authenticate' AND outcome = 'rate-limited'`
  t.strictSame(throttles, [{ target: 'unknown', address: '127.0.0.1' }], 'it is written down once')

  await on.database.prisma.$executeRaw`UPDATE service_clients SET secret_hash = 'another' WHERE id = 'checker'`
  t.equal((await introspect('checker')).status, problemDefinition('client-invalid').status, 'a secret that was right')
  t.equal((await introspect('checker')).status, problemDefinition('rate-limited').status)
})

t.test('what wrong secrets of clients cost: a statement for a right one, none for who is stopped', async t => {
  const on = await stage(t, { CLIENT_FAILURES: '3' })
  await machine(on, 'checker', ['introspect'])
  const line = await pgProxy(t, on.database.url)
  const { call } = await replica(t, on, { CLIENT_FAILURES: '3', DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  const introspect = (client: string) => post({ call }, '/oauth/introspect', { token: 'x' }, client)
  await introspect('checker')
  line.statements()
  t.equal((await introspect('checker')).status, 200)
  t.equal(line.statements(), 1)
  for (let tries = 0; tries < 3; tries += 1)
    t.equal((await introspect('unknown')).status, problemDefinition('client-invalid').status)
  line.statements()
  t.equal((await introspect('unknown')).status, problemDefinition('rate-limited').status)
  t.equal(line.statements(), 0)
})

t.test(
  'admin calls are counted over all replicas, for each caller apart, and each answer says what is left',
  async t => {
    const on = await office(t, { ADMIN_CALLS: '4' })
    const { call: other } = await replica(t, on)
    const colleague = await on.login(await on.person({ roles: ['admin'] }))
    const first = await on.ask('/admin/clients')
    t.match(first.headers.get('ratelimit'), /^"admin";r=3;t=\d+$/)
    t.equal(first.headers.get('ratelimit-policy'), '"admin";q=4;w=60')
    for (let calls = 0; calls < 3; calls += 1)
      t.equal((await other('/admin/clients', { token: on.admin.accessToken })).status, 200)
    const stopped = await on.ask('/admin/clients')
    isRefusal(t, stopped, 'rate-limited')
    t.match(stopped.headers.get('ratelimit'), /^"admin";r=0/)
    isRefusal(t, await other('/admin/clients', { token: on.admin.accessToken }), 'rate-limited')
    t.match(await on.audited('admin.call'), { actor: on.admin.id, target: '/admin/clients', outcome: 'rate-limited' })
    t.equal((await on.call('/admin/clients', { token: colleague.accessToken })).status, 200)
    t.equal((await on.call('/me', { token: on.admin.accessToken })).status, 200, 'what is not an admin call goes on')
  },
)
