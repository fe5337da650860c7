/** Runs the simulation: `--seeds N` many seeds, `--seed S` one with a trace, `--mutation NAME` a mutation. */
import { parseArgs } from 'node:util'
import { isMutation, mutated, mutationNames } from './mutations.ts'
import { rules as shippingRules } from './rules.ts'
import { simulate } from './simulate.ts'

const lastEvents = 40

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    mutation: { type: 'string' },
  },
})
const { mutation } = values
process.exitCode = run()

function run(): number {
  if (mutation !== undefined && !isMutation(mutation))
    return refuse(`--mutation must be one of: ${mutationNames.join(', ')}`)
  const rules = mutation === undefined ? shippingRules : mutated(mutation)
  const seed = values.seed === undefined ? undefined : Number(values.seed)
  const seeds = Number(values.seeds)
  if (!Number.isSafeInteger(seed ?? seeds) || (seed ?? seeds) < 1)
    return refuse('--seed and --seeds must be whole numbers above 0')
  return seed === undefined ? runMany(seeds, rules) : runOne(seed, rules)
}

function refuse(sentence: string): number {
  console.error(sentence)
  return 2
}

function runOne(seed: number, rules: typeof shippingRules): number {
  const { broken, events, counts } = simulate(seed, { rules, onEvent: line => console.log(line) })
  console.log(`seed ${seed}: ${broken ?? 'all promises kept'} (${events} events, ${JSON.stringify(counts)})`)
  return broken === null ? 0 : 1
}

function runMany(seeds: number, rules: typeof shippingRules): number {
  const total = { events: 0, inForce: 0, judged: 0 }
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { broken, events, counts } = simulate(seed, { rules })
    if (broken !== null) return reportFailure({ seed, broken, rules })
    total.events += events
    total.inForce += counts.inForce
    total.judged += counts.judged
  }
  console.log(
    `${seeds} seeds: all promises kept over ${total.events} events; ` +
      `${total.inForce} revocations came into force, revoked tokens had to be refused ${total.judged} times.`,
  )
  return 0
}

/** Runs the seed again with a trace. Other runs have none, since tracing takes most of the time. */
function reportFailure({ seed, broken, rules }: { seed: number; broken: string; rules: typeof shippingRules }): number {
  const lines: string[] = []
  simulate(seed, { rules, onEvent: line => lines.push(line) })
  console.log(lines.slice(-lastEvents).join('\n'))
  console.log(`seed ${seed}: ${broken}`)
  console.log(`Replay with --seed ${seed}${mutation === undefined ? '' : ` --mutation ${mutation}`}.`)
  return 1
}
