/** The short form of `pnpm lossy`. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { runLossy } from '../lossy/run.ts'
import { createClient } from '../src/index.ts'

const lanes = 32

// Minutes on a machine that other tests load as well.
t.setTimeout(900_000)

t.test('1,000 seeds: no false sign-out, no reuse, no request sent twice, every renewal has a cause', async t => {
  const { url: databaseUrl, drop } = await freshDatabase()
  t.teardown(drop)
  const firstSeed = 1
  const report = await runLossy({ databaseUrl, lanes, firstSeed, seeds: 1000, restartEvery: 250, create: createClient })
  t.comment(`${report.renewals} renewals, ${report.restarts} restarts, calls: ${JSON.stringify(report.calls)}`)
  t.same(report.violations, [])
  t.equal(report.seeds, 1000)
  t.ok(report.renewals > 300, 'sessions were renewed')
  t.ok((report.calls['lost after'] ?? 0) > 50, 'answers were lost')
})
