/** The short form of `pnpm chaos`: the services keep their promises under faults, and deliberate mistakes are caught. */
import t, { type Test } from 'tap'
import { check, type Promised } from '../../src/chaos/checker.ts'
import { keepEvidence } from '../../src/chaos/evidence.ts'
import type { FaultName } from '../../src/chaos/faults.ts'
import { mistakes } from '../../src/chaos/mutations/mutations.ts'
import { summary, verdict } from '../../src/chaos/report.ts'
import { type RunOptions, runChaos } from '../../src/chaos/run.ts'

/** Named in every failure, so that it can be run again. */
const seed = Number(process.env['CHAOS_SEED'] ?? 5)

interface Outcome {
  broken: Promised[]
  /** The terse reporter swallows comments, so a failure must name the file that tells all. */
  evidence: () => string
}

async function outcomeOf(t: Test, options: Omit<RunOptions, 'seed'>): Promise<Outcome> {
  const history = await runChaos({ seed, ...options })
  const violations = check(history)
  for (const line of [`seed ${seed}`, ...summary(history), ...verdict(violations)]) t.comment(line.slice(0, 500))
  return {
    broken: [...new Set(violations.map(({ promise }) => promise))],
    evidence: () => `seed ${seed}; the history and the violations are in ${keepEvidence(seed, history, violations)}`,
  }
}

t.test('every promise is kept while processes and the database are killed, frozen and cut off', async t => {
  const faults: FaultName[] = ['frozen-and-cut', 'auth-killed', 'postgres-killed']
  const { broken, evidence } = await outcomeOf(t, { auths: 2, resources: 3, forMs: 9500, faults })
  t.same(broken, [], broken.length === 0 ? 'every promise' : evidence())
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
      const { broken, evidence } = await outcomeOf(t, { auths: 1, resources: 1, ...run, mistake })
      const isNoticed = broken.includes(promise)
      t.ok(isNoticed, isNoticed ? `${promise} is broken, and noticed` : `${promise} seems kept; ${evidence()}`)
    }),
  )
  return Promise.all(caught)
})
