/** Limits over all replicas: each blocks only the client that has reached it. */
import { randomUUID } from 'node:crypto'
import { type Call, type HttpResponse, pgProxy, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { testGuard } from '../helpers/feedGuard.ts'
import { createClient, postForm } from '../helpers/oauthForms.ts'
import { startReplica, untilStarted } from '../helpers/replicas.ts'
import { assertProblem, basic, logOut, renew, startService } from '../helpers/service.ts'

function isOAuthThrottle(t: Test, { status, body, headers }: HttpResponse, policy: string): void {
  t.match({ status, body }, { status: 429, body: { error: 'temporarily_unavailable' } })
  t.match(headers.get('retry-after'), /^[1-9]\d*$/)
  t.match(headers.get('ratelimit'), new RegExp(`^"${policy}";r=0;t=\\d+$`))
  t.equal(headers.get('ratelimit-policy'), `"${policy}";q=3;w=60`)
}

t.test('renew limit: blocks invented refresh tokens by address, not genuine ones from there', async t => {
  const service = await startService(t, { RENEW_FAILURES: '3' })
  const { call: other } = await startReplica(t, service)
  const session = await service.login(await service.createUser())
  const invent = (call: Call) => renew({ call }, 'ghr_invented')
  for (let tries = 0; tries < 3; tries += 1) assertProblem(t, await invent(service.call), 'refresh-invalid')
  const stopped = await invent(service.call)
  assertProblem(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"renew";r=0;t=\d+$/)
  t.equal(stopped.headers.get('ratelimit-policy'), '"renew";q=3;w=60')
  assertProblem(t, await invent(other), 'refresh-invalid')
  assertProblem(t, await invent(other), 'rate-limited')
  t.equal((await renew(service, session.refreshToken)).status, 200)
  const form = { grant_type: 'refresh_token', refresh_token: 'ghr_invented' }
  isOAuthThrottle(t, await postForm(service, '/oauth/token', form), 'renew')
})

t.test('renew limit: blocks a client in a loop with an ended session, not its other session', async t => {
  const service = await startService(t, { RENEW_FAILURES: '3' })
  const ada = await service.createUser()
  const [dead, alive] = [await service.login(ada), await service.login(ada)]
  await logOut(service, dead.refreshToken)
  const renewDead = () => renew(service, dead.refreshToken)
  for (let tries = 0; tries < 3; tries += 1) assertProblem(t, await renewDead(), 'session-ended')
  assertProblem(t, await renewDead(), 'rate-limited')
  assertProblem(t, await renewDead(), 'rate-limited')
  const throttles = await service.database.prisma.$queryRaw<unknown[]>`
    SELECT target, address FROM audit_entries WHERE action = 'session.renew' AND outcome = 'rate-limited'`
  t.strictSame(throttles, [{ target: dead.sessionId, address: '127.0.0.1' }], 'one audit entry is written')
  t.equal((await renew(service, alive.refreshToken)).status, 200)
})

t.test('client limit: blocks wrong secrets by address, not credentials that were right before', async t => {
  const service = await startService(t, { CLIENT_FAILURES: '3' })
  await createClient(service, 'checker', ['introspect'])
  await createClient(service, 'late', ['introspect'])
  const guard = testGuard(service)
  const introspect = (client: string) => postForm(service, '/oauth/introspect', { token: 'x' }, client)
  t.equal((await guard.poll()).status, 200)
  t.equal((await introspect('checker')).status, 200)

  const guess = () => basic('guards', randomUUID())
  assertProblem(t, await testGuard(service, { authorization: guess() }).poll(), 'client-invalid')
  const leave = { body: { guard: guard.id }, headers: { authorization: guess() } }
  assertProblem(t, await service.call('/guards/leave', leave), 'client-invalid')
  t.match(await introspect('unknown'), { status: 401, body: { error: 'invalid_client' } })

  const stopped = await testGuard(service, { authorization: guess() }).poll()
  assertProblem(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"client";r=0;t=\d+$/)
  assertProblem(t, await service.call('/guards/leave', leave), 'rate-limited')
  for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke']) {
    const form = { grant_type: 'client_credentials', token: 'x', client_id: 'late', client_secret: randomUUID() }
    isOAuthThrottle(t, await postForm(service, path, form), 'client')
  }
  t.equal((await guard.poll()).status, 200, 'a guard keeps its lease')
  t.equal((await introspect('checker')).status, 200)
  t.equal((await introspect('late')).status, 429, 'unknown credentials are refused')
  const throttles = await service.database.prisma.$queryRaw<unknown[]>`
    SELECT target, address FROM audit_entries WHERE action = 'client.authenticate' AND outcome = 'rate-limited'`
  t.strictSame(throttles, [{ target: 'unknown', address: '127.0.0.1' }], 'one audit entry is written')

  await service.database.prisma.$executeRaw`UPDATE service_clients SET secret_hash = 'another' WHERE id = 'checker'`
  t.equal((await introspect('checker')).status, 401, 'a secret that was right')
  t.equal((await introspect('checker')).status, 429)
})

t.test('client limit: a right secret costs one statement, a blocked request none', async t => {
  const service = await startService(t, { CLIENT_FAILURES: '3' })
  await createClient(service, 'checker', ['introspect'])
  const line = await pgProxy(t, service.database.url)
  const settings = { CLIENT_FAILURES: '3', DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' }
  const replica = await startReplica(t, service, settings)
  const { call } = replica
  const introspect = (client: string) => postForm({ call }, '/oauth/introspect', { token: 'x' }, client)
  await untilStarted(service, replica)
  await introspect('checker')
  line.statements()
  t.equal((await introspect('checker')).status, 200)
  t.equal(line.statements(), 1)
  for (let tries = 0; tries < 3; tries += 1) t.equal((await introspect('unknown')).status, 401)
  line.statements()
  t.equal((await introspect('unknown')).status, 429)
  t.equal(line.statements(), 0)
})

t.test('admin limit: counts calls per caller over all replicas and reports what is left', async t => {
  const service = await startWithAdmin(t, { ADMIN_CALLS: '4' })
  const { call: other } = await startReplica(t, service)
  const colleague = await service.login(await service.createUser({ roles: ['admin'] }))
  const first = await service.callAsAdmin('/admin/clients')
  t.match(first.headers.get('ratelimit'), /^"admin";r=3;t=\d+$/)
  t.equal(first.headers.get('ratelimit-policy'), '"admin";q=4;w=60')
  for (let calls = 0; calls < 3; calls += 1)
    t.equal((await other('/admin/clients', { token: service.admin.accessToken })).status, 200)
  const stopped = await service.callAsAdmin('/admin/clients')
  assertProblem(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"admin";r=0/)
  assertProblem(t, await other('/admin/clients', { token: service.admin.accessToken }), 'rate-limited')
  const throttled = { actor: service.admin.id, target: '/admin/clients', outcome: 'rate-limited' }
  t.match(await service.lastAudit('admin.call'), throttled)
  t.equal((await service.call('/admin/clients', { token: colleague.accessToken })).status, 200)
  t.equal((await service.call('/me', { token: service.admin.accessToken })).status, 200, 'other routes are not limited')
})

t.test('renew limit: sums altered tokens in memory, less than half a statement for each', async t => {
  const service = await startService(t, { RENEW_FAILURES: '20' })
  const line = await pgProxy(t, service.database.url)
  const replica = await startReplica(t, service, { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  await untilStarted(service, replica)
  await renew(replica, 'ghr_altered')
  await until(() => line.statements() === 0, 'the first count is written')
  for (let n = 1; n < 20; n += 1) assertProblem(t, await renew(replica, 'ghr_altered'), 'refresh-invalid')
  assertProblem(t, await renew(replica, 'ghr_altered'), 'rate-limited')
  const statements = line.statements()
  t.ok(statements < 10, `${statements} statements for 20 tokens`)
})
