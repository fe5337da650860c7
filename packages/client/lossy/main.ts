/** `pnpm lossy --seeds N [--first S] [--lanes L]`: random faults against the real services; prints each seed that fails. */
import { parseArgs } from 'node:util'
import { createBrowserClient } from '../src/browser.ts'
import { startDatabase } from './database.ts'
import { runLossy } from './run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '48' },
  },
})

const database = await startDatabase()
let done = 0
const report = await runLossy({
  database,
  create: createBrowserClient,
  firstSeed: Number(values.first),
  seeds: Number(values.seeds),
  lanes: Number(values.lanes),
  restartEvery: 100,
  stopsEarly: values.trace,
  onSeed({ seed, violations, trace }) {
    done += 1
    for (const text of violations) console.log(`seed ${seed}: ${text}`)
    if (values.trace && violations.length > 0) console.log(trace.join('\n'))
    if (done % 100 === 0) console.log(`${done} seeds`)
  },
})
await database.stop()
const { calls, renewals, restarts, crashes, violations } = report
console.log(`calls: ${JSON.stringify(calls)}`)
const disturbances = `${restarts} restarts of auth, ${crashes} of PostgreSQL`
console.log(`${report.seeds} seeds, ${renewals} renewals, ${disturbances}, ${violations.length} violations`)
for (const text of violations) console.log(text)
process.exitCode = violations.length > 0 ? 1 : 0
