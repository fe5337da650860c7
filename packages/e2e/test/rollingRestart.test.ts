/** A rolling restart under load: refuses nobody, and delays no revocation. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import { type Call, freshDatabase, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type RoundRobin, roundRobin } from '../src/roundRobin.ts'
import { clientSecret, password, type Service, type System, startSystem, type Tokens } from '../src/system.ts'

/** A guard that left its row behind would hold up a revocation for fifteen seconds; a busy machine, for one or two. */
const drainMs = 500
const longestRevokeMs = 3000
/** Of the requests in flight at a restart; see `roundRobin`. */
const unheardAtMost = 8

interface Staged extends System {
  /** Kept connections, and connections for one request each. */
  auth: RoundRobin[]
  resource: RoundRobin[]
  adminToken: string
  resourceUrls: string
}

async function staged(t: Test): Promise<Staged> {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, auths: 2, resources: 2, env: { DRAIN_MS: String(drainMs) } })
  const over = (services: Service[]) => {
    const urls = services.map(({ url }) => url)
    return [roundRobin(urls, { isKept: true }), roundRobin(urls, { isKept: false })]
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

t.test('a rolling restart under load refuses nobody, and no revocation waits for a lease', async t => {
  const stage = await staged(t)
  const stopping = new AbortController()
  const load = startLoad(stage, stopping.signal)

  const { auths, resources, addAuth, addResource, resourceUrls: AUTH_URLS } = stage
  for (const [at, service] of [...auths].entries()) {
    t.equal(await service.stop(), 0, `auth-${at + 1} ended by itself`)
    await addAuth({ port: portOf(service) })
  }
  for (const [at, service] of [...resources].entries()) {
    const GUARD_NAME = `resource-${at + 1}`
    t.equal(await service.stop(), 0, `${GUARD_NAME} ended by itself`)
    const { body } = await (stage.auth[0] as RoundRobin).call('/admin/guards', { token: stage.adminToken })
    const { guards } = body as { guards: { name: string }[] }
    t.notOk(
      guards.some(({ name }) => name === GUARD_NAME),
      `no row of ${GUARD_NAME} is left`,
    )
    await addResource({ port: portOf(service), env: { AUTH_URLS, GUARD_NAME } })
  }
  stopping.abort()
  const { answered, failures, revokes } = await load
  const broken = [...stage.auth, ...stage.resource].reduce((sum, gateway) => sum + gateway.broken(), 0)
  t.comment(`${broken} connections were broken unheard, and their requests passed on`)
  t.comment(`${answered} requests; ${revokes.length} revocations, the longest ${Math.max(...revokes)} ms`)
  t.same(failures, [])
  t.ok(answered > 200 && revokes.length > 20, 'there was load')
  t.ok(broken <= unheardAtMost, 'hardly anything had to be passed on')
  // On a machine that does much else, everything takes its time.
  const typicalMs = revokes.toSorted((one, other) => one - other)[Math.floor(revokes.length / 2)] ?? 0
  t.ok(Math.max(...revokes) <= Math.max(longestRevokeMs, 10 * typicalMs), `the longest took ${Math.max(...revokes)} ms`)
})

interface Load {
  answered: number
  failures: string[]
  /** How long each took until it was in force, in milliseconds. */
  revokes: number[]
}

async function startLoad({ auth, resource, adminToken, login }: Staged, stopping: AbortSignal): Promise<Load> {
  const load: Load = { answered: 0, failures: [], revokes: [] }
  const ada = { email: 'ada@example.org', password, transport: 'body' }

  /** Every answer must be the good one; a connection that broke is a failure too. */
  const mustBe = async (status: number, asking: Promise<HttpResponse>): Promise<HttpResponse | undefined> => {
    const answer = await asking.catch(error => void load.failures.push(String(error)))
    load.answered += 1
    if (answer && answer.status !== status) load.failures.push(`${answer.status} ${JSON.stringify(answer.body)}`)
    return answer ?? undefined
  }
  const keep = async (act: () => Promise<void>) => {
    while (!stopping.aborted) {
      await act()
      await systemClock.sleep(10)
    }
  }
  const renewing = async (authCall: Call, resourceCall: Call) => {
    const tokens = await login(ada)
    await keep(async () => {
      const { refreshToken } = tokens
      const renewed = await mustBe(200, authCall('/session/renew', { body: { refreshToken } }))
      Object.assign(tokens, renewed?.body)
      for (let times = 0; times < 3; times += 1) {
        await mustBe(200, resourceCall('/storage', { token: tokens.accessToken }))
      }
    })
  }
  const revoking = async (authCall: Call, resourceCall: Call) => {
    await keep(async () => {
      const begun = await mustBe(201, authCall('/session', { body: ada }))
      const { sessionId, accessToken } = (begun?.body ?? {}) as Partial<Tokens>
      const startMs = systemClock.nowMs()
      const ended = await mustBe(200, authCall(`/admin/sessions/${sessionId}/end`, { token: adminToken, body: {} }))
      const { inForce = false } = (ended?.body ?? {}) as Partial<Receipt>
      if (!inForce) load.failures.push('not in force')
      load.revokes.push(Math.round(systemClock.nowMs() - startMs))
      await mustBe(401, resourceCall('/storage', accessToken === undefined ? {} : { token: accessToken }))
    })
  }
  const pairs = auth.map((gateway, at) => ({ authCall: gateway.call, resourceCall: (resource[at] as RoundRobin).call }))
  await Promise.all(
    pairs.flatMap(({ authCall, resourceCall }) => [renewing(authCall, resourceCall), revoking(authCall, resourceCall)]),
  )
  return load
}

t.test('a poll that is held when the replica is told to stop is answered', async t => {
  const { auths } = await staged(t)
  const [replica] = auths as [Service]
  const headers = { authorization: `Basic ${btoa(`resource:${encodeURIComponent(clientSecret)}`)}` }
  const life = { guard: randomUUID(), name: 'a guard', version: '1' }
  const poll = (body: object) => replica.call('/guards/poll', { body, headers })
  const { body } = await poll(life)
  const { feedId, head } = body as { feedId: string; head: number }

  const held = poll({ ...life, feedId, after: head })
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
