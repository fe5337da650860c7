/** The simulation keeps every promise, and notices when one leg of the argument is missing. */
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

t.test('every promise is kept, whatever fails', async t => {
  t.equal(firstBroken(), undefined)
})

t.test('a seed replays the same run', async t => {
  const tell = () => {
    const lines: string[] = []
    const run = simulate(7, { onEvent: line => lines.push(line) })
    return { run, lines }
  }
  const once = tell()
  t.ok(once.lines.length > 100)
  t.same(tell(), once)
})

t.test('telling changes nothing', async t => {
  t.same(simulate(7, { onEvent: () => undefined }), simulate(7))
})

t.test('barriers are answered and revoked tokens presented, or nothing was tested', async t => {
  const { counts } = simulate(7)
  t.ok(counts.inForce > 0)
  t.ok(counts.judged > 0)
})

for (const name of mutationNames) {
  t.test(`${name} is caught`, async t => {
    t.ok(firstBroken(mutated(name)))
  })
}
