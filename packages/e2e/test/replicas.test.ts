/** Auth replicas and resource services as real processes: one system, which each test leaves working. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { type ProblemCode, problemDefinition, type Receipt } from '@gatehouse/contract'
import { codeOf, type HttpResponse, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { clientSecret, type Service, systemOf } from '../src/system.ts'

const leaseMs = 3000
/** Below the time for which the auth processes stay frozen: an answer must not depend on them. */
const frozenTimeoutMs = 10_000
const env = { LEASE_MS: String(leaseMs), LEASE_MARGIN_MS: '500', POLL_HOLD_MS: '1000' }

const system = await systemOf(t, { auths: 2, resources: 2, env })
const { login } = system
const auths = system.auths as [Service, Service]
const resources = system.resources as [Service, Service]
const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
const user = await system.createAccount('ada@example.org')
const { accessToken: adminToken } = await login(admin)

const portOf = ({ url }: Service) => Number(new URL(url).port)

function assertProblem(t: Test, answer: HttpResponse, code: ProblemCode): void {
  t.equal(codeOf(answer), code)
  t.equal(answer.status, problemDefinition(code).status)
}

t.test('revoke: every resource service refuses the session or account when the call returns', async t => {
  const session = await login(user, auths[1])
  for (const { call } of resources) t.equal((await call('/storage', { token: session.accessToken })).status, 200)
  const asAdmin = (auth: Service, path: string) => auth.call(`/admin${path}`, { token: adminToken, body: {} })

  const ended = await asAdmin(auths[0], `/sessions/${session.sessionId}/end`)
  t.match(ended.body, { inForce: true, guards: [{ acknowledgedAt: String }, { acknowledgedAt: String }] })
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: session.accessToken }), 'session-ended')

  const next = await login(user)
  const { id } = (await auths[0].call('/me', { token: next.accessToken })).body as { id: string }
  const disabled = await asAdmin(auths[1], `/users/${id}/disable`)
  t.match(disabled.body, { inForce: true })
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: next.accessToken }), 'account-disabled')
  const renewed = await auths[0].call('/session/renew', { body: { refreshToken: next.refreshToken } })
  assertProblem(t, renewed, 'session-ended')
  assertProblem(t, await auths[0].call('/session', { body: user }), 'account-disabled')

  await asAdmin(auths[0], `/users/${id}/enable`)
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: next.accessToken }), 'session-ended')
})

t.test('guard: answers requests without a remote call, while every auth process is frozen', async t => {
  const [resource] = resources
  const session = await login(user)
  const active = await login(user)
  await auths[0].call(`/admin/sessions/${session.sessionId}/end`, { token: adminToken, body: {} })
  await resource.call('/storage', { token: active.accessToken })
  const ask = ({ accessToken: token }: { accessToken: string }) =>
    resource.call('/storage', { token, timeoutMs: frozenTimeoutMs })
  for (const auth of auths) auth.freeze()
  try {
    assertProblem(t, await ask(session), 'session-ended')
    t.equal((await ask(active)).status, 200)
  } finally {
    for (const auth of auths) auth.thaw()
  }
})

t.test('revoke: a killed guard delays the barrier until its lease ends, a stopped guard does not delay it', async t => {
  const revoke = async () => {
    const { sessionId } = await login(user)
    const answer = await auths[0].call(`/admin/sessions/${sessionId}/end`, { token: adminToken, body: {} })
    return answer.body as Receipt
  }
  await resources[1].stop()
  const afterStop = await revoke()
  t.ok(afterStop.inForce)
  t.ok(afterStop.waitedMs < 500, `waited ${afterStop.waitedMs} ms`)
  t.equal(afterStop.guards.length, 1)

  const third = await system.addResource()
  await third.kill()
  const afterKill = await revoke()
  t.ok(afterKill.inForce)
  t.ok(afterKill.waitedMs <= leaseMs + 500 + 1000, `waited ${afterKill.waitedMs} ms`)
  t.equal(afterKill.guards.filter(({ leaseEndedAt }) => leaseEndedAt !== null).length, 1)
})

t.test('renew: a SIGKILL during a renewal loses no token that the client received', async t => {
  const [first, witness] = auths
  let { refreshToken } = await login(user, witness)
  const renew = async (service: Service) => {
    const answer = await service.call('/session/renew', { body: { refreshToken } })
    if (answer.status !== 200) throw new Error(`a renewal answered ${answer.status}`)
    refreshToken = (answer.body as { refreshToken: string }).refreshToken
    return answer.status
  }

  let victim = first
  for (const killAfterMs of [5, 9, 14, 20, 27, 35]) {
    // The process is killed during a chain of renewals; the last token received must renew at the
    // other replica.
    const chain = (async () => {
      while (true) await renew(victim)
    })()
    const lostConnections = t.rejects(chain)
    await systemClock.sleep(killAfterMs)
    await victim.kill()
    await lostConnections
    t.equal(await renew(witness), 200, `killed after ${killAfterMs} ms`)
    victim = await system.addAuth({ port: portOf(first) })
  }
})

t.test('poll: a held poll is answered when the replica receives SIGTERM', async t => {
  const holdMs = 6000
  const replica = await system.addAuth({ env: { POLL_HOLD_MS: String(holdMs), LEASE_MS: '15000' } })
  const headers = { authorization: `Basic ${btoa(`resource:${encodeURIComponent(clientSecret)}`)}` }
  const guardIdentity = { guard: randomUUID(), name: 'a guard', version: '1' }
  const poll = (body: object) => replica.call('/guards/poll', { body, headers })
  const { body } = await poll(guardIdentity)
  const { feedId, head } = body as { feedId: string; head: number }

  const startMs = systemClock.nowMs()
  const held = poll({ ...guardIdentity, feedId, after: head })
  await systemClock.sleep(100)
  const ended = replica.stop()
  t.equal((await held).status, 200)
  t.ok(systemClock.nowMs() - startMs < holdMs, 'before the hold ends')
  t.equal(await ended, 0)
})

t.test('guard: answers 503 with Retry-After when auth is down for longer than the lease, and recovers', async t => {
  const { accessToken: token } = await login(user, auths[1])
  const ask = () => resources[0].call('/storage', { token })
  t.equal((await ask()).status, 200)
  await Promise.all(system.auths.map(auth => auth.kill()))

  await until(async () => (await ask()).status !== 200)
  const lapsed = await ask()
  assertProblem(t, lapsed, 'revocation-unknown')
  t.match(lapsed.headers.get('retry-after'), /^[1-9]\d*$/)

  await system.addAuth({ port: portOf(auths[1]) })
  await until(async () => (await ask()).status === 200)
})
