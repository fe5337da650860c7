/** A rolling restart under load: no request fails, and no revocation waits for a lease. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import { type Call, freshDatabase, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type RoundRobin, roundRobin } from '../src/roundRobin.ts'
import { clientSecret, password, type Service, type System, startSystem, type Tokens } from '../src/system.ts'

/**
 * A row of a stopped guard would delay a revocation by fifteen seconds; a loaded machine, by one or
 * two.
 */
const drainMs = 500
const maxRevokeMs = 3000
/** Connections that may be reset before the request was read; see `roundRobin`. */
const maxLostConnections = 8

interface TestSystem extends System {
  /** One with keep-alive, one with a connection per request. */
  auth: RoundRobin[]
  resource: RoundRobin[]
  adminToken: string
  resourceUrls: string
}

async function startTestSystem(t: Test): Promise<TestSystem> {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, auths: 2, resources: 2, env: { DRAIN_MS: String(drainMs) } })
  const over = (services: Service[]) => {
    const urls = services.map(({ url }) => url)
    return [roundRobin(urls, { keepAlive: true }), roundRobin(urls, { keepAlive: false })]
  }
  const auth = over(system.auths)
  const resource = over(system.resources)
  t.teardown(async () => {
    for (const { close } of [...auth, ...resource]) close()
    await system.stop()
    await drop()
  })
  const admin = await system.createAccount('admin@example.org', ['--role', 'admin'])
  await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(admin)
  const resourceUrls = system.auths.map(({ url }) => url).join(',')
  return { ...system, auth, resource, adminToken: accessToken, resourceUrls }
}

t.test('rolling restart: under load no request fails, and no revocation waits for a lease', async t => {
  const protectedSystem = await startTestSystem(t)
  const stopping = new AbortController()
  const load = startLoad(protectedSystem, stopping.signal)

  const { auths, resources, addAuth, addResource, resourceUrls: AUTH_URLS } = protectedSystem
  for (const [options, service] of [...auths].entries()) {
    t.equal(await service.stop(), 0, `auth-${options + 1} exits with 0`)
    await addAuth({ port: portOf(service) })
  }
  for (const [options, service] of [...resources].entries()) {
    const GUARD_NAME = `resource-${options + 1}`
    t.equal(await service.stop(), 0, `${GUARD_NAME} exits with 0`)
    const { body } = await (protectedSystem.auth[0] as RoundRobin).call('/admin/guards', {
      token: protectedSystem.adminToken,
    })
    const { guards } = body as { guards: { name: string }[] }
    t.notOk(
      guards.some(({ name }) => name === GUARD_NAME),
      `${GUARD_NAME} has left`,
    )
    await addResource({ port: portOf(service), env: { AUTH_URLS, GUARD_NAME } })
  }
  stopping.abort()
  const { answered, failures, revokes } = await load
  const lostConnections = [...protectedSystem.auth, ...protectedSystem.resource].reduce(
    (sum, gateway) => sum + gateway.lostConnections(),
    0,
  )
  t.comment(`${lostConnections} connections were broken unheard, and their requests passed on`)
  t.comment(`${answered} requests; ${revokes.length} revocations, the longest ${Math.max(...revokes)} ms`)
  t.same(failures, [])
  t.ok(answered > 200 && revokes.length > 20, 'there was load')
  t.ok(lostConnections <= maxLostConnections, 'hardly anything had to be passed on')
  // On a machine that does much else, everything takes its time.
  const typicalMs = revokes.toSorted((left, right) => left - right)[Math.floor(revokes.length / 2)] ?? 0
  t.ok(Math.max(...revokes) <= Math.max(maxRevokeMs, 10 * typicalMs), `the longest took ${Math.max(...revokes)} ms`)
})

interface Load {
  answered: number
  failures: string[]
  /** Time from the request until the revocation was in force, in milliseconds. */
  revokes: number[]
}

async function startLoad({ auth, resource, adminToken, login }: TestSystem, stopping: AbortSignal): Promise<Load> {
  const load: Load = { answered: 0, failures: [], revokes: [] }
  const ada = { email: 'ada@example.org', password, transport: 'body' }

  /** Records an unexpected status or a broken connection as a failure. */
  const expectStatus = async (status: number, asking: Promise<HttpResponse>): Promise<HttpResponse | undefined> => {
    const answer = await asking.catch(error => void load.failures.push(String(error)))
    load.answered += 1
    if (answer && answer.status !== status) load.failures.push(`${answer.status} ${JSON.stringify(answer.body)}`)
    return answer ?? undefined
  }
  const repeatUntilStopped = async (action: () => Promise<void>) => {
    while (!stopping.aborted) {
      await action()
      await systemClock.sleep(10)
    }
  }
  const renewing = async (authCall: Call, resourceCall: Call) => {
    const tokens = await login(ada)
    await repeatUntilStopped(async () => {
      const { refreshToken } = tokens
      const renewed = await expectStatus(200, authCall('/session/renew', { body: { refreshToken } }))
      Object.assign(tokens, renewed?.body)
      for (let times = 0; times < 3; times += 1) {
        await expectStatus(200, resourceCall('/storage', { token: tokens.accessToken }))
      }
    })
  }
  const revoking = async (authCall: Call, resourceCall: Call) => {
    await repeatUntilStopped(async () => {
      const begun = await expectStatus(201, authCall('/session', { body: ada }))
      const { sessionId, accessToken } = (begun?.body ?? {}) as Partial<Tokens>
      const startMs = systemClock.nowMs()
      const ended = await expectStatus(
        200,
        authCall(`/admin/sessions/${sessionId}/end`, { token: adminToken, body: {} }),
      )
      const { inForce = false } = (ended?.body ?? {}) as Partial<Receipt>
      if (!inForce) load.failures.push('not in force')
      load.revokes.push(Math.round(systemClock.nowMs() - startMs))
      await expectStatus(401, resourceCall('/storage', accessToken === undefined ? {} : { token: accessToken }))
    })
  }
  const pairs = auth.map((gateway, options) => ({
    authCall: gateway.call,
    resourceCall: (resource[options] as RoundRobin).call,
  }))
  await Promise.all(
    pairs.flatMap(({ authCall, resourceCall }) => [renewing(authCall, resourceCall), revoking(authCall, resourceCall)]),
  )
  return load
}

t.test('poll: a held poll is answered when the replica receives SIGTERM', async t => {
  const { auths } = await startTestSystem(t)
  const [replica] = auths as [Service]
  const headers = { authorization: `Basic ${btoa(`resource:${encodeURIComponent(clientSecret)}`)}` }
  const guardIdentity = { guard: randomUUID(), name: 'a guard', version: '1' }
  const poll = (body: object) => replica.call('/guards/poll', { body, headers })
  const { body } = await poll(guardIdentity)
  const { feedId, head } = body as { feedId: string; head: number }

  const held = poll({ ...guardIdentity, feedId, after: head })
  const answered = held.then(({ status }) => ({ status, atMs: systemClock.nowMs() }))
  await systemClock.sleep(100)
  const startMs = systemClock.nowMs()
  const ended = replica.stop()
  const { status, atMs } = await answered
  t.equal(status, 200)
  t.ok(atMs - startMs < drainMs + 1000, `answered ${Math.round(atMs - startMs)} ms after the signal`)
  t.equal(await ended, 0)
})

function portOf({ url }: Service): number {
  return Number(new URL(url).port)
}
