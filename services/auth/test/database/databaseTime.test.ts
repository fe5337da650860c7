/** PostgreSQL's time in the auth service. */
import { systemClock } from '@gatehouse/clock'
import { Registry } from 'prom-client'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createDatabaseTime } from '../../src/database/databaseTime.ts'
import { startService } from '../helpers/service.ts'

/** A host whose clocks and database the test sets. */
function host() {
  const state = { monotonicMs: 0, wallMs: 0, dbMs: 0, reads: 0, offsets: [] as number[] }
  const metrics = new Registry()
  const time = createDatabaseTime({
    read: async () => {
      state.reads += 1
      return state.dbMs
    },
    clock: { nowMs: () => state.monotonicMs, wallMs: () => state.wallMs, sleep: async () => undefined },
    metrics,
    onOffset: offsetMs => state.offsets.push(offsetMs),
    onError: () => undefined,
  })
  return { state, metrics, time }
}

t.test('databaseTime: follows PostgreSQL whatever the wall clock says, and reports the offset once', async t => {
  const { state, metrics, time } = host()
  Object.assign(state, { wallMs: 3_600_000, dbMs: 1_000_000 })
  await time.ensureRead()
  t.equal(time.clock.wallMs(), 1_000_000)
  Object.assign(state, { monotonicMs: 5000, wallMs: 3_605_000 })
  t.equal(time.clock.wallMs(), 1_005_000)
  await time.ensureRead()
  t.equal(state.reads, 1, 'memory answers')
  t.match(await metrics.metrics(), /gatehouse_clock_offset_seconds 2600\n/)
  t.same(state.offsets, [2_600_000])
})

t.test('databaseTime: reads again when the wall clock jumps or the host was suspended', async t => {
  const { state, time } = host()
  Object.assign(state, { wallMs: 1_000_000, dbMs: 1_000_000 })
  await time.ensureRead()
  Object.assign(state, { monotonicMs: 10, wallMs: 1_600_000, dbMs: 1_600_010 })
  await time.ensureRead()
  t.equal(state.reads, 2)
  t.equal(time.clock.wallMs(), 1_600_010)
})

t.test('databaseTime: with a wrong wall clock fresh tokens are accepted, and /readyz reports the offset', async t => {
  const service = await startService(t)
  const { accessToken } = await service.login(await service.createUser())
  for (const offsetMs of [-3_600_000, 3_600_000]) {
    const clock = { ...systemClock, wallMs: () => Date.now() + offsetMs }
    const app = await buildApp(readConfig(service.environment), clock)
    const headers = { authorization: `Bearer ${accessToken}` }
    t.equal((await app.inject({ url: '/me', headers })).statusCode, 200, `${offsetMs} ms`)
    const { clockOffsetMs } = (await app.inject('/readyz')).json()
    t.ok(Math.abs(clockOffsetMs - offsetMs) < 60_000, `/readyz reports ${clockOffsetMs} ms`)
    await app.close()
  }
})
