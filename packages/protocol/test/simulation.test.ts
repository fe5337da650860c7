/** The simulation: the protocol keeps all promises, and each mutation breaks one. */
import t from 'tap'
import { mutated, mutationNames } from '../sim/mutations.ts'
import { simulate } from '../sim/simulate.ts'

const seeds = 600

function firstBroken(rules?: ReturnType<typeof mutated>) {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const run = simulate(seed, rules === undefined ? {} : { rules })
    if (run.broken !== null) return run
  }
  return undefined
}

t.test('simulate: the protocol keeps all promises under all faults', async t => {
  t.equal(firstBroken(), undefined)
})

t.test('simulate: the same seed gives the same run', async t => {
  const record = () => {
    const lines: string[] = []
    const run = simulate(7, { onEvent: line => lines.push(line) })
    return { run, lines }
  }
  const first = record()
  t.ok(first.lines.length > 100)
  t.same(record(), first)
})

t.test('simulate: tracing does not change the run', async t => {
  t.same(simulate(7, { onEvent: () => undefined }), simulate(7))
})

t.test('simulate: answers barriers and presents revoked tokens', async t => {
  const { counts } = simulate(7)
  t.ok(counts.inForce > 0)
  t.ok(counts.judged > 0)
})

for (const name of mutationNames) {
  t.test(`mutation ${name}: breaks a promise`, async t => {
    t.ok(firstBroken(mutated(name)))
  })
}
