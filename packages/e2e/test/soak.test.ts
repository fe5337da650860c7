/** The soak tool: its trend, and a short run against real processes. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { startLoad } from '../src/soak/load.ts'
import { isGrowing, memoryTrend, residentMb } from '../src/soak/memory.ts'
import { startSystem, until } from '../src/system.ts'

t.test('soak: compares the last third with the middle third', async t => {
  const steady = memoryTrend([100, 150, 190, 200, 204, 200])
  t.same(steady, { thirdsMb: [125, 195, 202], maxMb: 204 })
  t.notOk(isGrowing(steady, 0.1))
  t.ok(isGrowing(memoryTrend([100, 150, 190, 200, 220, 240]), 0.1))
  t.throws(() => memoryTrend([1, 2]), /three samples/)
})

t.test('soak: every request of the load gets an expected status', async t => {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, auths: 1, resources: 1 })
  t.teardown(async () => {
    await system.stop()
    await drop()
  })
  const load = await startLoad(system, { clients: 4, accounts: 2 })
  await until(async () => (load.statuses.get(401) ?? 0) > 1 && (load.statuses.get(204) ?? 0) > 1)
  await load.stop()
  t.same(
    [...load.statuses.keys()].filter(status => ![200, 201, 204, 401].includes(status)),
    [],
  )
  for (const { pid } of [...system.auths, ...system.resources]) t.ok(residentMb(pid) > 30)
})
