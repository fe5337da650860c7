/** The short form of `pnpm lossy`. */
import t from 'tap'
import { startDatabase } from '../lossy/database.ts'
import { runLossy } from '../lossy/run.ts'
import { createBrowserClient } from '../src/browser.ts'

const lanes = 32

// Minutes on a machine that other tests load as well.
t.setTimeout(900_000)

t.test('1,000 seeds: no false sign-out, no reuse, no request sent twice, every renewal has a cause', async t => {
  const database = await startDatabase()
  t.teardown(database.stop)
  const firstSeed = 1
  const report = await runLossy({
    database,
    lanes,
    firstSeed,
    seeds: 1000,
    restartEvery: 250,
    create: createBrowserClient,
  })
  t.comment(
    `${report.renewals} renewals, ${report.restarts} restarts of auth, ${report.crashes} of PostgreSQL, calls: ${JSON.stringify(report.calls)}`,
  )
  t.same(report.violations, [])
  t.equal(report.seeds, 1000)
  t.ok(report.restarts > 0 && report.crashes > 0, 'auth and PostgreSQL were killed')
  t.ok(report.renewals > 300, 'sessions were renewed')
  t.ok((report.calls['lost after'] ?? 0) > 50, 'answers were lost')
})
