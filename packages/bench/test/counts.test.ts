/** What a request costs, in counts that no noise moves: so that no change makes it dearer unnoticed. */
import { createHook } from 'node:async_hooks'
import { clientSecret, until } from '@gatehouse/e2e'
import { createGuard, guard } from '@gatehouse/guard'
import { freshDatabase, pgProxy } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'
import { openPlace, type Place } from '../src/environment.ts'
import { allocationPerRequest, brief } from '../src/guard/allocation.ts'
import { startCrowd } from '../src/revoke/guards.ts'

/** Measured: 270. It is a header's copy and little else; a promise or a closure more would show. */
const mostBytes = 600
const holdMs = 1000

const database = await freshDatabase()
const line = await pgProxy(t, database.url)
const env = { POLL_HOLD_MS: String(holdMs), HOUSEKEEPING_SECONDS: '86400' }
const place: Place = await openPlace({ databaseUrl: line.url, env })
t.teardown(async () => {
  await place.close()
  await database.drop()
})

t.test(`the guard allocates at most ${mostBytes} bytes for a request with a known token`, async t => {
  const { guarded, unguarded } = await allocationPerRequest(place, brief)
  t.ok(guarded - unguarded < mostBytes, `${Math.round(guarded - unguarded)} bytes more than ${Math.round(unguarded)}`)
})

t.test('a request with a known token waits for nothing: the guard makes no promise', async t => {
  const { url } = await place.auth()
  const [session] = await place.sessions(1)
  const own = createGuard({
    ...{ issuer: place.system.issuer, publicKey: place.publicKey, authUrls: [url] },
    ...{ audience: 'gatehouse', clientId: 'resource', clientSecret },
  })
  const app = fastify()
  app.get('/unguarded', () => 'open')
  await app.register(async inside => {
    await inside.register(guard, { guard: own })
    inside.get('/guarded', () => 'open')
  })
  await app.ready()
  await own.ready()
  t.teardown(() => app.close())

  const headers = { authorization: `Bearer ${session?.accessToken}` }
  const hopsOf = async (path: string) => {
    await app.inject({ path, headers })
    let hops = 0
    const hook = createHook({
      init: () => {
        hops += 1
      },
    }).enable()
    const { statusCode } = await app.inject({ path, headers })
    hook.disable()
    t.equal(statusCode, 200)
    return hops
  }
  t.equal(await hopsOf('/guarded'), await hopsOf('/unguarded'))
})

t.test('an idle guard costs two statements a poll', async t => {
  const auth = await place.auth()
  const crowd = await startCrowd(place, [auth], 1)
  t.teardown(() => crowd.leave())
  const polled = async (times: number) => {
    const before = await crowd.polls()
    await until(async () => (await crowd.polls()) >= before + times)
  }
  await polled(2)
  line.statements()
  const times = 4
  await polled(times)
  // The last poll's successor may have begun.
  const most = 2 * times + 2
  const statements = line.statements()
  t.ok(statements <= most, `${statements} statements for ${times} polls, and ${most} are allowed`)
})
