/** The cost of a request and of an idle guard, counted independently of the machine. */
import { createHook } from 'node:async_hooks'
import { clientSecret } from '@gatehouse/e2e'
import { createGuard, guard } from '@gatehouse/guard'
import { freshDatabase, pgProxy, until } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'
import { openEnvironment } from '../src/environment.ts'
import { allocationPerRequest, coarse } from '../src/guard/allocation.ts'
import { startSimulatedGuards } from '../src/revoke/startSimulatedGuards.ts'

/** Measured: 270, most of it the copy of the header. One more promise or closure exceeds it. */
const maxBytes = 600
const holdMs = 1000

const database = await freshDatabase()
const proxy = await pgProxy(t, database.url)
const env = { POLL_HOLD_MS: String(holdMs), HOUSEKEEPING_SECONDS: '86400' }
const environment = await openEnvironment({ databaseUrl: proxy.url, env })
t.teardown(async () => {
  await environment.close()
  await database.drop()
})

t.test(`guard: allocates at most ${maxBytes} bytes for a request with a known token`, async t => {
  const { guarded, unguarded } = await allocationPerRequest(environment, coarse)
  t.ok(guarded - unguarded < maxBytes, `${Math.round(guarded - unguarded)} bytes more than ${Math.round(unguarded)}`)
})

t.test('guard: creates no promise for a request with a known token', async t => {
  const { url } = await environment.auth()
  const [session] = await environment.sessions(1)
  const benchGuard = createGuard({
    issuer: environment.system.issuer,
    publicKey: environment.publicKey,
    authUrls: [url],
    audience: 'gatehouse',
    clientId: 'resource',
    clientSecret,
  })
  const app = fastify()
  app.get('/unguarded', () => 'open')
  await app.register(async scope => {
    await scope.register(guard, { guard: benchGuard })
    scope.get('/guarded', () => 'open')
  })
  await app.ready()
  await benchGuard.ready()
  t.teardown(() => app.close())

  const headers = { authorization: `Bearer ${session?.accessToken}` }
  const asyncResourcesOf = async (path: string) => {
    await app.inject({ path, headers })
    let count = 0
    const hook = createHook({
      init: () => {
        count += 1
      },
    }).enable()
    const { statusCode } = await app.inject({ path, headers })
    hook.disable()
    t.equal(statusCode, 200)
    return count
  }
  t.equal(await asyncResourcesOf('/guarded'), await asyncResourcesOf('/unguarded'))
})

t.test('feed: an idle guard costs two statements for each poll', async t => {
  const auth = await environment.auth()
  const guards = await startSimulatedGuards(environment, [auth], 1)
  t.teardown(() => guards.stop())
  const waitForPolls = async (times: number) => {
    const before = await guards.polls()
    await until(async () => (await guards.polls()) >= before + times)
  }
  await waitForPolls(2)
  proxy.statements()
  const times = 4
  await waitForPolls(times)
  // The next poll may have started.
  const maxStatements = 2 * times + 2
  const statements = proxy.statements()
  t.ok(statements <= maxStatements, `${statements} statements for ${times} polls, at most ${maxStatements}`)
})
