/** Services that restart, die, freeze or are gone, as seen through the gateway. */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import { codeOf, freePort } from '@gatehouse/testkit'
import t from 'tap'
import { needNginx, startGateway } from '../../src/gateway/nginx.ts'
import { behindGateway, type Stage } from '../../src/gateway/protectedSystem.ts'
import { type Sending, send as sendTo } from '../../src/gateway/rawClient.ts'
import type { Login, Service, Tokens } from '../../src/system.ts'

needNginx((count, why) => t.plan(count, why))

t.jobs = 2

t.test('nobody is there: 502; nobody answers: 504 after forty seconds, asked once; both in our own form', async t => {
  const asked: string[] = []
  const silent = createServer(socket => {
    socket.on('data', data => asked.push(String(data))).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const gateway = await startGateway({
    auths: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`],
    resources: [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
  })
  t.teardown(async () => {
    await gateway.stop()
    silent.close()
  })
  const silence = sendTo(gateway.url, { path: '/api/storage', timeoutMs: 60_000 })
  for (const sending of [{ path: '/auth/me' }, { path: '/auth/session', body: {} }]) {
    const gone = await sendTo(gateway.url, sending)
    t.equal(gone.status, 502)
    t.match(gone.body, { code: 'unavailable', action: 'retry', status: 502 })
    t.ok(Number(gone.headers.get('retry-after')) > 0)
  }
  const late = await silence
  t.equal(late.status, 504)
  t.match(late.body, { code: 'unavailable', action: 'retry', status: 504 })
  t.equal(asked.length, 1)
})

t.test('a rolling restart of all four behind the gateway fails not one request', async t => {
  const stage = await behindGateway({ LOG_REQUESTS: 'false' })
  t.teardown(stage.stop)
  const { system } = stage
  const admin = await system.createAccount('admin@example.org', ['--role', 'admin'])
  const people = await Promise.all(['ada', 'bob', 'eve'].map(name => system.createAccount(`${name}@example.org`)))
  const stopping = new AbortController()
  const load = underLoad(stage, { admin, people }, stopping.signal)

  const portOf = ({ url }: Service) => Number(new URL(url).port)
  for (const service of [...system.auths]) {
    t.equal(await service.stop(), 0)
    await system.addAuth({ port: portOf(service) })
  }
  for (const service of [...system.resources]) {
    t.equal(await service.stop(), 0)
    await system.addResource({ port: portOf(service) })
  }
  stopping.abort()
  const { answered, failures } = await load
  t.comment(`${answered} requests`)
  const complaints = stage.gateway.log().match(/^.*(recv\(\)|no live upstreams|"status":50).*$/gm) ?? []
  t.same(failures.slice(0, 10), [], complaints.slice(0, 10).join('\n'))
  t.ok(answered > 300, 'there was load')

  // A guard that dies says no goodbye: the revocation waits until its lease ends, and the gateway waits with it.
  const [first] = people as [Login]
  const { sessionId } = await system.login(first)
  const boss = await system.login(admin)
  await system.resources.at(-1)?.kill()
  const path = `/auth/admin/sessions/${sessionId}/end`
  const ended = await stage.send({ path, token: boss.accessToken, body: {} })
  const { inForce, waitedMs } = ended.body as Receipt
  t.ok(inForce)
  t.ok(waitedMs > 5000, `it took ${waitedMs} ms`)
  for (let times = 0; times < 10; times += 1) {
    t.equal(codeOf(await stage.send({ path: '/api/storage' })), 'token-missing', 'the other resource process answers')
  }
})

interface Load {
  answered: number
  failures: string[]
}

/** Each visitor has an address, and connections that are kept, of its own. */
async function underLoad(
  { send }: Stage,
  { admin, people }: { admin: Login; people: readonly Login[] },
  stopping: AbortSignal,
): Promise<Load> {
  const load: Load = { answered: 0, failures: [] }
  const mustBe = async (status: number, sending: Sending): Promise<Record<string, unknown>> => {
    const answer = await send(sending).catch(error => ({ status: 0, body: String(error.cause ?? error) }))
    load.answered += 1
    if (answer.status !== status) load.failures.push(`${sending.path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return (answer.body ?? {}) as Record<string, unknown>
  }
  const login = async (who: Login, at: Partial<Sending>) =>
    (await mustBe(201, { path: '/auth/session', body: { ...who, transport: 'body' }, ...at })) as unknown as Tokens

  const visit = async (who: Login, place: number) => {
    const at = { from: `127.0.1.${place + 1}`, agent: new Agent({ keepAlive: true }) }
    let { accessToken, refreshToken } = await login(who, at)
    const boss = await login(admin, at)
    for (let round = 0; !stopping.aborted; round += 1) {
      const renewed = await mustBe(200, { path: '/auth/session/renew', body: { refreshToken }, ...at })
      ;({ accessToken, refreshToken } = renewed as unknown as Tokens)
      for (const path of ['/api/storage', '/api/me', '/example/x'])
        await mustBe(200, { path, token: accessToken, ...at })
      const other = await login(who, at)
      const byAdmin = { path: `/auth/admin/sessions/${other.sessionId}/end`, token: boss.accessToken, body: {} }
      const byOwner = { path: `/auth/sessions/${other.sessionId}`, method: 'DELETE', token: accessToken }
      await mustBe(200, { ...(round % 2 === 0 ? byAdmin : byOwner), ...at })
      await mustBe(401, { path: '/api/storage', token: other.accessToken, ...at })
      await systemClock.sleep(20)
    }
    at.agent.destroy()
  }
  await Promise.all(people.map(visit))
  return load
}
