/** `npx pnpm chaos --minutes N [--seed S] [--mutation NAME]`: exits with 1 on a violation. */
import { parseArgs } from 'node:util'
import { check } from './checker.ts'
import { writeEvidence } from './evidence.ts'
import { chaosMutations } from './mutations/mutations.ts'
import { summary, verdict } from './report.ts'
import { runChaos } from './run.ts'

const usage = `Usage: chaos [--minutes N] [--seed S] [--mutation ${chaosMutations.join('|')}]`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      mutation: { type: 'string' },
    },
  })
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
  const mutation = chaosMutations.find(name => name === values.mutation)
  const isSensible = minutes > 0 && minutes <= 24 * 60 && Number.isSafeInteger(seed)
  if (!isSensible || mutation !== values.mutation) {
    console.error(usage)
    return 2
  }
  const history = await runChaos({ seed, forMs: minutes * 60_000, auths: 2, resources: 3, mutation })
  const violations = check(history)
  const rerunOptions = `--minutes ${minutes} --seed ${seed}${mutation === undefined ? '' : ` --mutation ${mutation}`}`
  for (const line of [...summary(history), ...verdict(violations), `Run with ${rerunOptions}.`]) console.log(line)
  if (violations.length === 0) return 0
  console.log(`The whole history is in ${writeEvidence(seed, history, violations)}.`)
  return 1
}

process.exitCode = await main()
