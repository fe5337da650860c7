/** `pnpm bench`: measures the parts that are named, or all of them, and prints the figures. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { root } from './authModules.ts'
import { type BenchRun, startBenchRun } from './benchRun.ts'
import { figuresPath } from './figures.ts'
import { machine, versions } from './machine.ts'
import { parts } from './parts.ts'
import { describeMachine, tableOf } from './printTable.ts'
import type { Report, Result } from './result.ts'

const usage = `pnpm bench [PART...] [--quick | --full] [--json FILE] [--write]

${Object.entries(parts)
  .map(
    ([name, { about, isLong, isOnDemand }]) =>
      `  ${name.padEnd(14)} ${about}${isOnDemand ? ' (only when named)' : isLong ? ' (not with --quick)' : ''}`,
  )
  .join('\n')}

  --quick      short rounds, two minutes in all
  --full       measures ten million sessions as well, ten minutes more
  --json FILE  writes the figures as JSON
  --write      writes the figures into docs/figures.json, the README and docs/performance.md`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    full: { type: 'boolean' },
    json: { type: 'string' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
// Figures of one table are measured in one run.
const isPartialWrite = values.write && positionals.length > 0
const unknown = positionals.filter(name => !Object.hasOwn(parts, name))
if (values.help || isPartialWrite || unknown.length > 0) {
  if (isPartialWrite) console.error('--write needs the figures of a whole run: do not name parts.\n')
  if (unknown.length > 0) console.error(`Unknown part: ${unknown.join(', ')}\n`)
  console.error(usage)
  process.exit(isPartialWrite || unknown.length > 0 ? 2 : 0)
}

const failed: string[] = []
const benchRun = startBenchRun({ isQuick: values.quick ?? false, isFull: values.full ?? false })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => benchRun.close().finally(() => process.exit(130)))
}
try {
  const report = await measure(benchRun)
  console.log(`${describeMachine(report)}\n\n${tableOf(report.results)}`)
  const isWhole = failed.length === 0
  if (!isWhole) {
    console.error(`Failed: ${failed.join(', ')}${values.write ? '. Nothing was written.' : ''}`)
    process.exitCode = 1
  }
  const writes = values.write && isWhole
  for (const file of [values.json, writes ? figuresPath : undefined]) {
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  }
  // In its own process: the documentation tools import this package.
  if (writes) execFileSync(process.execPath, [`${root}packages/tools/dist/src/docs/main.js`], { stdio: 'inherit' })
} finally {
  await benchRun.close()
}

async function measure(benchRun: BenchRun): Promise<Report> {
  const selected = Object.entries(parts).filter(([name, { isLong, isOnDemand }]) =>
    positionals.length > 0 ? positionals.includes(name) : !isOnDemand && !(benchRun.isQuick && isLong),
  )
  const results: Result[] = []
  for (const [name, part] of selected) {
    benchRun.log(`${name}: ${part.about}`)
    try {
      results.push(...(await part.run(benchRun)))
    } catch (error) {
      console.error(error)
      failed.push(name)
    }
  }
  const { postgresVersion } = await benchRun.environment()
  return { machine: machine(), versions: versions({ postgresql: postgresVersion }), isQuick: benchRun.isQuick, results }
}
