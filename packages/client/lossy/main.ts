/** `pnpm lossy --seeds N [--first S] [--lanes L]`: random faults against the real services; prints each seed that fails. */
import { parseArgs } from 'node:util'
import { freshDatabase } from '@gatehouse/testkit'
import { createClient } from '../src/index.ts'
import { runLossy } from './run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '48' },
  },
})

const database = await freshDatabase()
let done = 0
const report = await runLossy({
  databaseUrl: database.url,
  create: createClient,
  firstSeed: Number(values.first),
  seeds: Number(values.seeds),
  lanes: Number(values.lanes),
  restartEvery: 200,
  stopsEarly: values.trace,
  onSeed({ seed, violations, trace }) {
    done += 1
    for (const text of violations) console.log(`seed ${seed}: ${text}`)
    if (values.trace && violations.length > 0) console.log(trace.join('\n'))
    if (done % 100 === 0) console.log(`${done} seeds`)
  },
})
await database.drop()
const { calls, renewals, restarts, violations } = report
console.log(`calls: ${JSON.stringify(calls)}`)
console.log(`${report.seeds} seeds, ${renewals} renewals, ${restarts} restarts, ${violations.length} violations`)
for (const text of violations) console.log(text)
process.exitCode = violations.length > 0 ? 1 : 0
