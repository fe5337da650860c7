/** The pair as real processes: what must hold between the auth service and the resource services. */
import { systemClock } from '@gatehouse/clock'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { codeOf, freshDatabase, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Login, type Service, type System, startSystem, until } from '../src/system.ts'

const leaseMs = 3000
const env = { LEASE_MS: String(leaseMs), LEASE_MARGIN_MS: '500', POLL_HOLD_MS: '1000' }

type Some = [Service, Service]

interface Staged extends Omit<System, 'auths' | 'resources'> {
  /** As many as were asked for: a test that asks for one uses one. */
  auths: Some
  resources: Some
  admin: Login
  person: Login
  personId: string
}

async function staged(
  t: Test,
  counts: { auths: number; resources: number },
  more: Record<string, string> = {},
): Promise<Staged> {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, ...counts, env: { ...env, ...more } })
  t.teardown(async () => {
    await system.stop()
    await drop()
  })
  const admin = await system.createAccount('admin@example.org', ['--role', 'admin'])
  const person = await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(person)
  const auths = system.auths as Some
  const me = await auths[0].call('/me', { token: accessToken })
  return {
    ...system,
    auths,
    resources: system.resources as Some,
    admin,
    person,
    personId: (me.body as { id: string }).id,
  }
}

function refusedAs(t: Test, answer: HttpResponse, outcome: ProblemCode): void {
  t.equal(codeOf(answer), outcome)
  t.equal(answer.status, problemDefinition(outcome).status)
}

t.test('a revoked session and a disabled account are refused everywhere when the call returns', async t => {
  const { auths, resources, login, admin, person, personId } = await staged(t, { auths: 2, resources: 2 })
  const boss = await login(admin)
  const session = await login(person, auths[1])
  for (const { call } of resources) t.equal((await call('/storage', { token: session.accessToken })).status, 200)

  const ended = await auths[0].call(`/admin/sessions/${session.sessionId}/end`, { token: boss.accessToken, body: {} })
  t.match(ended.body, { inForce: true, guards: [{ acknowledgedAt: String }, { acknowledgedAt: String }] })
  for (const { call } of resources)
    refusedAs(t, await call('/storage', { token: session.accessToken }), 'session-ended')

  const next = await login(person)
  const disabled = await auths[1].call(`/admin/users/${personId}/disable`, { token: boss.accessToken, body: {} })
  t.match(disabled.body, { inForce: true })
  for (const { call } of resources)
    refusedAs(t, await call('/storage', { token: next.accessToken }), 'account-disabled')
  refusedAs(t, await auths[0].call('/session/renew', { body: { refreshToken: next.refreshToken } }), 'session-ended')
  refusedAs(t, await auths[0].call('/session', { body: person }), 'account-disabled')

  await auths[0].call(`/admin/users/${personId}/enable`, { token: boss.accessToken, body: {} })
  for (const { call } of resources) refusedAs(t, await call('/storage', { token: next.accessToken }), 'session-ended')
})

t.test('a guarded request makes no call of its own: it is answered while every auth process is frozen', async t => {
  const { auths, resources, login, admin, person } = await staged(t, { auths: 1, resources: 1 })
  const [resource] = resources
  const boss = await login(admin)
  const session = await login(person)
  const other = await login(person)
  await auths[0].call(`/admin/sessions/${session.sessionId}/end`, { token: boss.accessToken, body: {} })
  await resource.call('/storage', { token: other.accessToken })
  for (const auth of auths) auth.freeze()
  try {
    refusedAs(t, await resource.call('/storage', { token: session.accessToken, timeoutMs: 1000 }), 'session-ended')
    t.equal((await resource.call('/storage', { token: other.accessToken, timeoutMs: 1000 })).status, 200)
  } finally {
    for (const auth of auths) auth.thaw()
  }
})

t.test('auth away for longer than the lease: 503 with Retry-After, never a 401, and back by itself', async t => {
  const system = await staged(t, { auths: 1, resources: 1 })
  const { auths, resources, login, person } = system
  const session = await login(person)
  const ask = () => resources[0].call('/storage', { token: session.accessToken })
  t.equal((await ask()).status, 200)
  const port = Number(new URL(auths[0].url).port)
  await auths[0].kill()

  await until(async () => (await ask()).status !== 200, 2 * leaseMs + 5000)
  const lapsed = await ask()
  refusedAs(t, lapsed, 'revocation-unknown')
  t.match(lapsed.headers.get('retry-after'), /^[1-9]\d*$/)

  await system.addAuth({ port })
  await until(async () => (await ask()).status === 200)
})

t.test(
  '50 renewals of one token at once over two processes: all 200, one successor, one generation further',
  async t => {
    const { auths, login, person } = await staged(t, { auths: 2, resources: 0 })
    const { refreshToken } = await login(person)
    const renewals = Array.from({ length: 50 }, (_, place) =>
      (place % 2 ? auths[1] : auths[0]).call('/session/renew', { body: { refreshToken } }),
    )
    const answers = await Promise.all(renewals)
    t.same([...new Set(answers.map(answer => answer.status))], [200])
    const successors = [...new Set(answers.map(answer => (answer.body as { refreshToken: string }).refreshToken))]
    t.equal(successors.length, 1)
    const generationOf = (token: string | undefined) => Buffer.from(token?.slice(4) ?? '', 'base64url').readUInt32BE(18)
    t.equal(generationOf(successors[0]), generationOf(refreshToken) + 1)
  },
)

t.test('SIGKILL at any moment of a renewal loses nothing that the client was told', async t => {
  const system = await staged(t, { auths: 2, resources: 0 })
  const { login, person } = system
  const [first, witness] = system.auths
  const port = Number(new URL(first.url).port)
  let { refreshToken } = await login(person, witness)
  const renew = async (at: Service) => {
    const answer = await at.call('/session/renew', { body: { refreshToken } })
    if (answer.status !== 200) throw new Error(`a renewal answered ${answer.status}`)
    refreshToken = (answer.body as { refreshToken: string }).refreshToken
    return answer.status
  }

  let victim = first
  for (const killAfterMs of [5, 9, 14, 20, 27, 35]) {
    // A chain of renewals runs while the process is killed under it; what was told last must still renew elsewhere.
    const chain = (async () => {
      while (true) await renew(victim)
    })()
    const broken = t.rejects(chain)
    await systemClock.sleep(killAfterMs)
    await victim.kill()
    await broken
    t.equal(await renew(witness), 200, `killed after ${killAfterMs} ms`)
    victim = await system.addAuth({ port })
  }
})

t.test(
  'a guard that is killed delays a revocation until its lease ends and no longer; one that stops delays nobody',
  async t => {
    const system = await staged(t, { auths: 1, resources: 2 })
    const { auths, resources, login, admin, person } = system
    const boss = await login(admin)
    const revoke = async () => {
      const { sessionId } = await login(person)
      const answer = await auths[0].call(`/admin/sessions/${sessionId}/end`, { token: boss.accessToken, body: {} })
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
  },
)
