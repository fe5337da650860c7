/** The soak tool: its verdict, and a short load on real processes. */
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { startLoad } from '../src/soak/load.ts'
import { collectEnv, isGrowing, liveMb, residentMb } from '../src/soak/memory.ts'
import { systemOf } from '../src/system.ts'

t.test('soak: compares the live memory of the last third with that of the second', async t => {
  t.notOk(isGrowing({ live: [50, 70, 76] }, 0.1))
  t.ok(isGrowing({ live: [50, 70, 78] }, 0.1))
})

t.test('soak: every request of the load gets an expected status', async t => {
  const system = await systemOf(t, { resources: 1, env: collectEnv })
  const load = await startLoad(system, { clients: 4, accounts: 2 })
  await until(async () => (load.statuses.get(401) ?? 0) > 1 && (load.statuses.get(204) ?? 0) > 1)
  await load.stop()
  const unexpected = [...load.statuses.keys()].filter(status => ![200, 201, 204, 401].includes(status))
  t.same(unexpected, [])
  for (const service of [...system.auths, ...system.resources]) {
    const live = [await liveMb(service, 0), await liveMb(service, 1)]
    for (const value of live) t.ok(value > 5 && value < residentMb(service.pid), `${value} MB`)
  }
})
