/** `npx pnpm chaos --minutes N [--seed S] [--broken MODE]`: real processes under faults; the checker's verdict is the exit code. */
import { parseArgs } from 'node:util'
import { check } from './checker.ts'
import { keepEvidence } from './evidence.ts'
import { isMistake, mistakes } from './mutations/mutations.ts'
import { summary, verdict } from './report.ts'
import { runChaos } from './run.ts'

const usage = `Usage: chaos [--minutes N] [--seed S] [--broken ${mistakes.join('|')}]`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      broken: { type: 'string' },
    },
  })
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
  const { broken: mistake } = values
  const isSensible = minutes > 0 && minutes <= 24 * 60 && Number.isSafeInteger(seed)
  if (!isSensible || (mistake !== undefined && !isMistake(mistake))) {
    console.error(usage)
    return 2
  }
  const history = await runChaos({ seed, forMs: minutes * 60_000, auths: 2, resources: 3, mistake })
  const violations = check(history)
  const again = `--minutes ${minutes} --seed ${seed}${mistake === undefined ? '' : ` --broken ${mistake}`}`
  for (const line of [...summary(history), ...verdict(violations), `Run with ${again}.`]) console.log(line)
  if (violations.length === 0) return 0
  console.log(`The whole history is in ${keepEvidence(seed, history, violations)}.`)
  return 1
}

process.exitCode = await main()
