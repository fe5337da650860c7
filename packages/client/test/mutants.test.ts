/** Clients that are broken on purpose are caught by the lossy harness. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { mutant, mutations } from '../lossy/mutants.ts'
import { runLossy } from '../lossy/run.ts'

const lanes = 16

// Minutes on a machine that other tests load as well.
t.setTimeout(900_000)

for (const name of Object.keys(mutations)) {
  t.test(`the harness catches a client in which ${name}`, async t => {
    const { url, drop } = await freshDatabase()
    t.teardown(drop)
    const create = await mutant(name)
    const report = await runLossy({
      database: { url },
      lanes,
      firstSeed: 1,
      seeds: 1000,
      restartEvery: 0,
      create,
      stopsEarly: true,
      signOutRate: name.endsWith('sign-out') ? 1 : 0.1,
    })
    t.comment(report.violations[0])
    t.ok(report.violations.length > 0, `after ${report.seeds} seeds`)
  })
}
