/** The short form of `pnpm chaos`: the services keep their promises under faults, and deliberate mistakes are caught. */
import t, { type Test } from 'tap'
import { mistakes } from '../src/chaos/broken/changes.ts'
import { check, type Promised } from '../src/chaos/checker.ts'
import type { FaultName } from '../src/chaos/faults.ts'
import { summary, verdict } from '../src/chaos/report.ts'
import { type RunOptions, runChaos } from '../src/chaos/run.ts'

/** Named in every failure, so that it can be run again. */
const seed = Number(process.env['CHAOS_SEED'] ?? 5)

async function broken(t: Test, options: Omit<RunOptions, 'seed'>): Promise<Promised[]> {
  const history = await runChaos({ seed, ...options })
  const violations = check(history)
  for (const line of [`seed ${seed}`, ...summary(history), ...verdict(violations)]) t.comment(line.slice(0, 500))
  return [...new Set(violations.map(({ promise }) => promise))]
}

t.test('every promise is kept while processes and the database are killed, frozen and cut off', async t => {
  const faults: FaultName[] = ['frozen-and-cut', 'auth-killed', 'postgres-killed']
  t.same(await broken(t, { auths: 2, resources: 3, forMs: 9500, faults }), [])
})

/** What shows a mistake soonest, and the promise that it breaks. */
const shows: Record<(typeof mistakes)[number], { faults: FaultName[]; forMs: number; promise: Promised }> = {
  'barrier-skipped': { faults: ['line-cut'], forMs: 2000, promise: 'SAFE' },
  'lease-from-answer': { faults: ['frozen-and-cut'], forMs: 2000, promise: 'SAFE' },
  'retry-accused': { faults: [], forMs: 6000, promise: 'HONEST' },
}
t.test('deliberate mistakes are caught, each by the promise that it breaks', { jobs: mistakes.length }, t => {
  const caught = mistakes.map(mistake =>
    t.test(mistake, { buffered: true }, async t => {
      const { promise, ...run } = shows[mistake]
      const found = await broken(t, { auths: 1, resources: 1, ...run, mistake })
      t.ok(found.includes(promise), `${promise} is broken, and noticed`)
    }),
  )
  return Promise.all(caught)
})
