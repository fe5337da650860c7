/** Services that restart, die, hang or are down, behind the gateway. */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import { codeOf, freePort } from '@gatehouse/testkit'
import t from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'
import { type ProtectedSystem, startProtectedSystem } from '../../src/gateway/protectedSystem.ts'
import { type RequestOptions, send as sendTo } from '../../src/gateway/rawClient.ts'
import type { Login, Service, Tokens } from '../../src/system.ts'

requireNginx((count, why) => t.plan(count, why))

t.jobs = 2

t.test('gateway: answers 502 when no replica listens, and 504 after one attempt when none answers in time', async t => {
  const received: string[] = []
  const silent = createServer(socket => {
    socket.on('data', data => received.push(String(data))).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const gateway = await startGateway({
    auths: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`],
    resources: [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
    // Longer than the five seconds within which the gateway tries another replica, as its 40 seconds are.
    readSeconds: 6,
  })
  t.teardown(async () => {
    await gateway.stop()
    silent.close()
  })
  const silentRequest = sendTo(gateway.url, { path: '/api/storage', timeoutMs: 60_000 })
  for (const request of [{ path: '/auth/me' }, { path: '/auth/session', body: {} }]) {
    const gone = await sendTo(gateway.url, request)
    t.equal(gone.status, 502)
    t.match(gone.body, { code: 'unavailable', action: 'retry', status: 502 })
    t.ok(Number(gone.headers.get('retry-after')) > 0)
  }
  const late = await silentRequest
  t.equal(late.status, 504)
  t.match(late.body, { code: 'unavailable', action: 'retry', status: 504 })
  t.equal(received.length, 1)
})

t.test('gateway: a rolling restart of all four services fails no request, and no revocation waits', async t => {
  const protectedSystem = await startProtectedSystem(t, { LOG_REQUESTS: 'false' })
  const { system } = protectedSystem
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const users = await Promise.all(['ada', 'bob', 'eve'].map(name => system.createAccount(`${name}@example.org`)))
  const stopping = new AbortController()
  const load = underLoad(protectedSystem, { admin, users }, stopping.signal)

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
  const logLines = protectedSystem.gateway.log().match(/^.*(recv\(\)|no live upstreams|"status":50).*$/gm) ?? []
  t.same(failures.slice(0, 10), [], logLines.slice(0, 10).join('\n'))
  t.ok(answered > 300, 'there was load')

  // A killed guard does not leave: the revocation waits until its lease ends, and so does the
  // gateway.
  const [first] = users as [Login]
  const { sessionId } = await system.login(first)
  const adminTokens = await system.login(admin)
  await system.resources.at(-1)?.kill()
  const path = `/auth/admin/sessions/${sessionId}/end`
  const ended = await protectedSystem.send({ path, token: adminTokens.accessToken, body: {} })
  const { inForce, waitedMs } = ended.body as Receipt
  t.ok(inForce)
  t.ok(waitedMs > 5000, `it took ${waitedMs} ms`)
  for (let times = 0; times < 10; times += 1) {
    const code = codeOf(await protectedSystem.send({ path: '/api/storage' }))
    t.equal(code, 'token-missing', 'the other resource service answers')
  }
})

interface Load {
  answered: number
  failures: string[]
}

/** Every client has its own address and keep-alive connections. */
async function underLoad(
  { send }: ProtectedSystem,
  { admin, users }: { admin: Login; users: readonly Login[] },
  stopping: AbortSignal,
): Promise<Load> {
  const load: Load = { answered: 0, failures: [] }
  const expectStatus = async (status: number, request: RequestOptions): Promise<Record<string, unknown>> => {
    const answer = await send(request).catch(error => ({ status: 0, body: String(error.cause ?? error) }))
    load.answered += 1
    if (answer.status !== status) load.failures.push(`${request.path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return (answer.body ?? {}) as Record<string, unknown>
  }
  const login = async (credentials: Login, options: Partial<RequestOptions>) => {
    const body = { ...credentials, transport: 'body' }
    return (await expectStatus(201, { path: '/auth/session', body, ...options })) as unknown as Tokens
  }

  const runClient = async (credentials: Login, place: number) => {
    const client = { from: `127.0.1.${place + 1}`, agent: new Agent({ keepAlive: true }) }
    let { accessToken, refreshToken } = await login(credentials, client)
    const adminTokens = await login(admin, client)
    for (let round = 0; !stopping.aborted; round += 1) {
      const renewed = await expectStatus(200, { path: '/auth/session/renew', body: { refreshToken }, ...client })
      ;({ accessToken, refreshToken } = renewed as unknown as Tokens)
      for (const path of ['/api/storage', '/api/me', '/example/x'])
        await expectStatus(200, { path, token: accessToken, ...client })
      const endedSession = await login(credentials, client)
      const { sessionId } = endedSession
      const byAdmin = { path: `/auth/admin/sessions/${sessionId}/end`, token: adminTokens.accessToken, body: {} }
      const byOwner = { path: `/auth/sessions/${sessionId}`, method: 'DELETE', token: accessToken }
      const ended = await expectStatus(200, { ...(round % 2 === 0 ? byAdmin : byOwner), ...client })
      const { inForce, guards = [] } = ended as Partial<Receipt>
      if (!inForce) load.failures.push('not in force')
      // A stopped guard leaves the feed. If its row stayed, the revocation would wait until its lease ends.
      for (const { name, leaseEndedAt } of guards) if (leaseEndedAt !== null) load.failures.push(`waited for ${name}`)
      await expectStatus(401, { path: '/api/storage', token: endedSession.accessToken, ...client })
      await systemClock.sleep(20)
    }
    client.agent.destroy()
  }
  await Promise.all(users.map(runClient))
  return load
}
