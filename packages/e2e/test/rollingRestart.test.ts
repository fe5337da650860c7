/** A rolling restart under load: no request fails, and no revocation waits for a lease. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import type { Call, HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type RoundRobin, roundRobin } from '../src/roundRobin.ts'
import { clientSecret, password, type Service, type System, systemOf, type Tokens } from '../src/system.ts'

/** Connections that may be reset before the request was read; see `roundRobin`. */
const maxLostConnections = 8

interface TestSystem extends System {
  /** One with keep-alive, one with a connection per request. */
  auth: RoundRobin[]
  resource: RoundRobin[]
  adminToken: string
  resourceUrls: string
}

async function startTestSystem(t: Test, env: Record<string, string> = {}): Promise<TestSystem> {
  const system = await systemOf(t, { auths: 2, resources: 2, env: { DRAIN_MS: '500', ...env } })
  const over = (services: Service[]) => {
    const urls = services.map(({ url }) => url)
    return [roundRobin(urls, { keepAlive: true }), roundRobin(urls, { keepAlive: false })]
  }
  const auth = over(system.auths)
  const resource = over(system.resources)
  t.teardown(async () => {
    for (const { close } of [...auth, ...resource]) close()
  })
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(admin)
  const resourceUrls = system.auths.map(({ url }) => url).join(',')
  return { ...system, auth, resource, adminToken: accessToken, resourceUrls }
}

t.test('rolling restart: under load no request fails, and no revocation waits for a lease', async t => {
  const testSystem = await startTestSystem(t)
  const stopping = new AbortController()
  const load = startLoad(testSystem, stopping.signal)

  const { auths, resources, addAuth, addResource, resourceUrls: AUTH_URLS } = testSystem
  for (const [index, service] of [...auths].entries()) {
    t.equal(await service.stop(), 0, `auth-${index + 1} exits with 0`)
    await addAuth({ port: portOf(service) })
  }
  for (const [options, service] of [...resources].entries()) {
    const GUARD_NAME = `resource-${options + 1}`
    t.equal(await service.stop(), 0, `${GUARD_NAME} exits with 0`)
    const { body } = await (testSystem.auth[0] as RoundRobin).call('/admin/guards', {
      token: testSystem.adminToken,
    })
    const { guards } = body as { guards: { name: string }[] }
    t.notOk(
      guards.some(({ name }) => name === GUARD_NAME),
      `${GUARD_NAME} has left`,
    )
    await addResource({ port: portOf(service), env: { AUTH_URLS, GUARD_NAME } })
  }
  stopping.abort()
  const { answered, failures, revocations } = await load
  const lostConnections = [...testSystem.auth, ...testSystem.resource].reduce(
    (sum, gateway) => sum + gateway.lostConnections(),
    0,
  )
  t.comment(`${lostConnections} connections were reset unread, and their requests repeated`)
  t.comment(`${answered} requests, ${revocations} revocations`)
  t.same(failures, [])
  t.ok(answered > 200 && revocations > 20, 'there was load')
  t.ok(lostConnections <= maxLostConnections, 'hardly any request had to be repeated')
})

interface Load {
  answered: number
  failures: string[]
  revocations: number
}

async function startLoad({ auth, resource, adminToken, login }: TestSystem, stopping: AbortSignal): Promise<Load> {
  const load: Load = { answered: 0, failures: [], revocations: 0 }
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
      const ended = await expectStatus(
        200,
        authCall(`/admin/sessions/${sessionId}/end`, { token: adminToken, body: {} }),
      )
      const { inForce = false, guards = [] } = (ended?.body ?? {}) as Partial<Receipt>
      if (!inForce) load.failures.push('not in force')
      // A stopped guard leaves the feed. If its row stayed, the revocation would wait until its
      // lease ends.
      for (const { name, leaseEndedAt } of guards) if (leaseEndedAt !== null) load.failures.push(`waited for ${name}`)
      load.revocations += 1
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
  const holdMs = 6000
  const { auths } = await startTestSystem(t, { POLL_HOLD_MS: String(holdMs) })
  const [replica] = auths as [Service]
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

function portOf({ url }: Service): number {
  return Number(new URL(url).port)
}
