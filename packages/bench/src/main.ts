/** `npx pnpm bench [PART...] [--quick | --full] [--json FILE] [--write]`: measures, and says what it measured. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { root } from './authModules.ts'
import { type BenchRun, startBenchRun } from './benchRun.ts'
import { figuresPath } from './figures.ts'
import { machine, versions } from './machine.ts'
import { parts } from './parts.ts'
import { surroundingsOf, tableOf } from './printTable.ts'
import type { Report, Result } from './result.ts'

const usage = `pnpm bench [PART...] [--quick | --full] [--json FILE] [--write]

${Object.entries(parts)
  .map(([name, { about, isLong }]) => `  ${name.padEnd(14)} ${about}${isLong ? ' (not with --quick)' : ''}`)
  .join('\n')}

  --quick      short rounds: two minutes for all
  --full       also ten million sessions: another ten minutes
  --json FILE  writes the figures for machines
  --write      writes them into docs/figures.json, the README and docs/performance.md`

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
// Figures that stand together were measured together.
const isTorn = values.write && positionals.length > 0
const unknown = positionals.filter(name => !Object.hasOwn(parts, name))
if (values.help || isTorn || unknown.length > 0) {
  if (isTorn) console.error('--write takes the figures of one whole run: leave out the names of parts.\n')
  if (unknown.length > 0) console.error(`There is no part "${unknown.join(', ')}".\n`)
  console.error(usage)
  process.exit(isTorn || unknown.length > 0 ? 2 : 0)
}

const course = startBenchRun({ isQuick: values.quick ?? false, isFull: values.full ?? false })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => course.close().finally(() => process.exit(130)))
}
try {
  const report = await measure(course)
  console.log(`${surroundingsOf(report)}\n\n${tableOf(report.results)}`)
  for (const file of [values.json, values.write ? figuresPath : undefined]) {
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  }
  // A process of its own: the documentation tools import this package.
  if (values.write)
    execFileSync(process.execPath, [`${root}packages/tools/dist/src/docs/main.js`], { stdio: 'inherit' })
} finally {
  await course.close()
}

async function measure(course: BenchRun): Promise<Report> {
  const chosen = Object.entries(parts).filter(([name, { isLong }]) =>
    positionals.length > 0 ? positionals.includes(name) : !(course.isQuick && isLong),
  )
  const results: Result[] = []
  for (const [name, part] of chosen) {
    course.log(`${name}: ${part.about}`)
    results.push(...(await part.run(course)))
  }
  const { postgresVersion } = await course.environment()
  return { machine: machine(), versions: versions({ postgresql: postgresVersion }), isQuick: course.isQuick, results }
}
