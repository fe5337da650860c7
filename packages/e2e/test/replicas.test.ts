/** Auth replicas and resource services as real processes. */
import { systemClock } from '@gatehouse/clock'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { codeOf, eventTimeoutMs, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Login, type Service, type System, systemOf, until } from '../src/system.ts'

const leaseMs = 3000
/** Below the time for which the auth processes stay frozen: an answer must not depend on them. */
const frozenTimeoutMs = 10_000
const env = { LEASE_MS: String(leaseMs), LEASE_MARGIN_MS: '500', POLL_HOLD_MS: '1000' }

type Pair = [Service, Service]

interface TestSystem extends Omit<System, 'auths' | 'resources'> {
  /** Contains as many services as the test requested. */
  auths: Pair
  resources: Pair
  admin: Login
  user: Login
  userId: string
}

async function startTestSystem(
  t: Test,
  counts: { auths: number; resources: number },
  more: Record<string, string> = {},
): Promise<TestSystem> {
  const system = await systemOf(t, { ...counts, env: { ...env, ...more } })
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const user = await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(user)
  const auths = system.auths as Pair
  const me = await auths[0].call('/me', { token: accessToken })
  return {
    ...system,
    auths,
    resources: system.resources as Pair,
    admin,
    user,
    userId: (me.body as { id: string }).id,
  }
}

function assertProblem(t: Test, answer: HttpResponse, code: ProblemCode): void {
  t.equal(codeOf(answer), code)
  t.equal(answer.status, problemDefinition(code).status)
}

t.test('revoke: every resource service refuses the session or account when the call returns', async t => {
  const { auths, resources, login, admin, user, userId } = await startTestSystem(t, { auths: 2, resources: 2 })
  const adminTokens = await login(admin)
  const session = await login(user, auths[1])
  for (const { call } of resources) t.equal((await call('/storage', { token: session.accessToken })).status, 200)

  const ended = await auths[0].call(`/admin/sessions/${session.sessionId}/end`, {
    token: adminTokens.accessToken,
    body: {},
  })
  t.match(ended.body, { inForce: true, guards: [{ acknowledgedAt: String }, { acknowledgedAt: String }] })
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: session.accessToken }), 'session-ended')

  const next = await login(user)
  const disabled = await auths[1].call(`/admin/users/${userId}/disable`, { token: adminTokens.accessToken, body: {} })
  t.match(disabled.body, { inForce: true })
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: next.accessToken }), 'account-disabled')
  assertProblem(
    t,
    await auths[0].call('/session/renew', { body: { refreshToken: next.refreshToken } }),
    'session-ended',
  )
  assertProblem(t, await auths[0].call('/session', { body: user }), 'account-disabled')

  await auths[0].call(`/admin/users/${userId}/enable`, { token: adminTokens.accessToken, body: {} })
  for (const { call } of resources)
    assertProblem(t, await call('/storage', { token: next.accessToken }), 'session-ended')
})

t.test('guard: answers requests without a remote call, while every auth process is frozen', async t => {
  const { auths, resources, login, admin, user } = await startTestSystem(t, { auths: 1, resources: 1 })
  const [resource] = resources
  const adminTokens = await login(admin)
  const session = await login(user)
  const activeSession = await login(user)
  await auths[0].call(`/admin/sessions/${session.sessionId}/end`, { token: adminTokens.accessToken, body: {} })
  await resource.call('/storage', { token: activeSession.accessToken })
  for (const auth of auths) auth.freeze()
  try {
    assertProblem(
      t,
      await resource.call('/storage', { token: session.accessToken, timeoutMs: frozenTimeoutMs }),
      'session-ended',
    )
    t.equal(
      (await resource.call('/storage', { token: activeSession.accessToken, timeoutMs: frozenTimeoutMs })).status,
      200,
    )
  } finally {
    for (const auth of auths) auth.thaw()
  }
})

t.test('guard: answers 503 with Retry-After when auth is down for longer than the lease, and recovers', async t => {
  const system = await startTestSystem(t, { auths: 1, resources: 1 })
  const { auths, resources, login, user } = system
  const session = await login(user)
  const ask = () => resources[0].call('/storage', { token: session.accessToken })
  t.equal((await ask()).status, 200)
  const port = Number(new URL(auths[0].url).port)
  await auths[0].kill()

  await until(async () => (await ask()).status !== 200, eventTimeoutMs)
  const lapsed = await ask()
  assertProblem(t, lapsed, 'revocation-unknown')
  t.match(lapsed.headers.get('retry-after'), /^[1-9]\d*$/)

  await system.addAuth({ port })
  await until(async () => (await ask()).status === 200)
})

t.test('renew: 50 concurrent renewals of one token at two replicas get the same successor', async t => {
  const { auths, login, user } = await startTestSystem(t, { auths: 2, resources: 0 })
  const { refreshToken } = await login(user)
  const renewals = Array.from({ length: 50 }, (_, place) =>
    (place % 2 ? auths[1] : auths[0]).call('/session/renew', { body: { refreshToken } }),
  )
  const answers = await Promise.all(renewals)
  t.same([...new Set(answers.map(answer => answer.status))], [200])
  const successors = [...new Set(answers.map(answer => (answer.body as { refreshToken: string }).refreshToken))]
  t.equal(successors.length, 1)
  const generationOf = (token: string | undefined) => Buffer.from(token?.slice(4) ?? '', 'base64url').readUInt32BE(18)
  t.equal(generationOf(successors[0]), generationOf(refreshToken) + 1)
})

t.test('renew: a SIGKILL during a renewal loses no token that the client received', async t => {
  const system = await startTestSystem(t, { auths: 2, resources: 0 })
  const { login, user } = system
  const [first, witness] = system.auths
  const port = Number(new URL(first.url).port)
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
    victim = await system.addAuth({ port })
  }
})

t.test('revoke: a killed guard delays the barrier until its lease ends, a stopped guard does not delay it', async t => {
  const system = await startTestSystem(t, { auths: 1, resources: 2 })
  const { auths, resources, login, admin, user } = system
  const adminTokens = await login(admin)
  const revoke = async () => {
    const { sessionId } = await login(user)
    const answer = await auths[0].call(`/admin/sessions/${sessionId}/end`, {
      token: adminTokens.accessToken,
      body: {},
    })
    return answer.body as {
      inForce: boolean
      waitedMs: number
      guards: { name: string; leaseEndedAt: string | null }[]
    }
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
