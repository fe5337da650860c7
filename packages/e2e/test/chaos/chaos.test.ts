/** The short form of `pnpm chaos`: the promises hold, and the checker detects each mutation. */
import t, { type Test } from 'tap'
import { check, type Promised } from '../../src/chaos/checker.ts'
import { writeEvidence } from '../../src/chaos/evidence.ts'
import type { FaultName } from '../../src/chaos/faults.ts'
import { type ChaosMutation, chaosMutations } from '../../src/chaos/mutations/mutations.ts'
import { summary, verdict } from '../../src/chaos/report.ts'
import { type RunOptions, runChaos } from '../../src/chaos/run.ts'

/** Printed with every failure, to repeat the run. */
const seed = Number(process.env['CHAOS_SEED'] ?? 5)

interface ChaosResult {
  injected: string[]
  broken: Promised[]
  /** The terse reporter drops comments, so a failure names the evidence file. */
  evidence: () => string
}

async function resultOf(t: Test, options: Omit<RunOptions, 'seed'>): Promise<ChaosResult> {
  const history = await runChaos({ seed, ...options })
  const violations = check(history)
  for (const line of [`seed ${seed}`, ...summary(history), ...verdict(violations)]) t.comment(line.slice(0, 500))
  return {
    injected: [...new Set(history.events.flatMap(event => (event.kind === 'fault' ? [event.fault] : [])))],
    broken: [...new Set(violations.map(({ promise }) => promise))],
    evidence: () => `seed ${seed}; the history and the violations are in ${writeEvidence(seed, history, violations)}`,
  }
}

t.test('chaos: keeps every promise under faults of processes, PostgreSQL and connections', async t => {
  const faults: FaultName[] = [
    ...(['frozen-and-cut', 'auth-killed', 'postgres-killed'] as const),
    ...(['pool-exhausted', 'connections-silent', 'connections-reset'] as const),
  ]
  const { broken, injected, evidence } = await resultOf(t, { auths: 2, resources: 3, forMs: 9500, faults })
  t.same(injected.toSorted(), faults.toSorted(), 'each fault was injected')
  t.same(broken, [], broken.length === 0 ? 'every promise' : evidence())
})

/** For each mutation: the faults that reveal it soonest, and the promise that it breaks. */
const revealing: Record<ChaosMutation, { faults: FaultName[]; promise: Promised }> = {
  'barrier-skipped': { faults: ['line-cut'], promise: 'SAFE' },
  'lease-from-answer': { faults: ['frozen-and-cut'], promise: 'SAFE' },
  'retry-as-reuse': { faults: [], promise: 'HONEST' },
  'statement-limit-removed': { faults: ['connections-silent'], promise: 'BOUNDED' },
}
/** A run ends as soon as the promise is broken; on a loaded machine a fault may have to be repeated. */
const maxRevealingMs = 30_000
t.test('chaos: detects each mutation by the promise that it breaks', { jobs: chaosMutations.length }, t => {
  const detected = chaosMutations.map(mutation =>
    t.test(mutation, { buffered: true }, async t => {
      const { promise, ...run } = revealing[mutation]
      const { broken, evidence } = await resultOf(t, {
        auths: 1,
        resources: 1,
        ...run,
        forMs: maxRevealingMs,
        mutation,
        until: promise,
      })
      const isDetected = broken.includes(promise)
      t.ok(
        isDetected,
        isDetected ? `${promise} is reported as broken` : `${promise} is not reported as broken; ${evidence()}`,
      )
    }),
  )
  return Promise.all(detected)
})
