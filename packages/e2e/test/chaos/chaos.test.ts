/**
 * The short form of `pnpm chaos`: the services keep their promises under faults, and the checker
 * detects each mutation.
 */
import t, { type Test } from 'tap'
import { check, type Promised } from '../../src/chaos/checker.ts'
import { writeEvidence } from '../../src/chaos/evidence.ts'
import type { FaultName } from '../../src/chaos/faults.ts'
import { mutationNames } from '../../src/chaos/mutations/mutations.ts'
import { summary, verdict } from '../../src/chaos/report.ts'
import { type RunOptions, runChaos } from '../../src/chaos/run.ts'

/** Printed with every failure, to repeat the run. */
const seed = Number(process.env['CHAOS_SEED'] ?? 5)

interface ChaosResult {
  lostConnections: Promised[]
  /** The terse reporter drops comments, so a failure names the evidence file. */
  evidence: () => string
}

async function resultOf(t: Test, options: Omit<RunOptions, 'seed'>): Promise<ChaosResult> {
  const history = await runChaos({ seed, ...options })
  const violations = check(history)
  for (const line of [`seed ${seed}`, ...summary(history), ...verdict(violations)]) t.comment(line.slice(0, 500))
  return {
    lostConnections: [...new Set(violations.map(({ promise }) => promise))],
    evidence: () => `seed ${seed}; the history and the violations are in ${writeEvidence(seed, history, violations)}`,
  }
}

t.test('chaos: keeps every promise while processes and PostgreSQL are killed, frozen and cut off', async t => {
  const faults: FaultName[] = ['frozen-and-cut', 'auth-killed', 'postgres-killed']
  const { lostConnections, evidence } = await resultOf(t, { auths: 2, resources: 3, forMs: 9500, faults })
  t.same(lostConnections, [], lostConnections.length === 0 ? 'every promise' : evidence())
})

/** For each mutation: the faults that reveal it soonest, and the promise that it breaks. */
const revealing: Record<(typeof mutationNames)[number], { faults: FaultName[]; forMs: number; promise: Promised }> = {
  'barrier-skipped': { faults: ['line-cut'], forMs: 2000, promise: 'SAFE' },
  'lease-from-answer': { faults: ['frozen-and-cut'], forMs: 2000, promise: 'SAFE' },
  'retry-as-reuse': { faults: [], forMs: 6000, promise: 'HONEST' },
}
t.test('chaos: detects each mutation by the promise that it breaks', { jobs: mutationNames.length }, t => {
  const detected = mutationNames.map(mutation =>
    t.test(mutation, { buffered: true }, async t => {
      const { promise, ...run } = revealing[mutation]
      const { lostConnections, evidence } = await resultOf(t, { auths: 1, resources: 1, ...run, mutation })
      const isDetected = lostConnections.includes(promise)
      t.ok(
        isDetected,
        isDetected ? `${promise} is reported as broken` : `${promise} is not reported as broken; ${evidence()}`,
      )
    }),
  )
  return Promise.all(detected)
})
