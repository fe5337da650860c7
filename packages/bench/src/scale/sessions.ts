/** Renewals a second with many sessions in the tables. */
import type { BenchRun } from '../benchRun.ts'
import { type Environment, openEnvironment, poolSize, type SessionRange } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { figure, median, type Result } from '../result.ts'

/** The same number for each size: all of the smallest, and distant ones of the others. */
const sessionsUsed = 10_000
const seedAtOnce = 250_000

/** Its own environment: other parts leave sessions behind, and this table needs huge pages. */
export async function manySessions(benchRun: BenchRun): Promise<Result[]> {
  const environment = await openEnvironment({ hugePages: true })
  try {
    return await ratesBySize(benchRun, environment)
  } finally {
    await environment.close()
  }
}

async function ratesBySize(benchRun: BenchRun, environment: Environment): Promise<Result[]> {
  const [{ status } = { status: 'unknown' }] = await environment.query<{ status: string }>(
    `SELECT current_setting('huge_pages_status', true) AS status`,
  )
  const pages = status === 'on' ? ' (huge pages)' : ' (no huge pages)'
  let range = await environment.seed(sessionsUsed)
  const few = await ratesOf(benchRun, environment, range)
  const what = `renewals a second, ${sessionsUsed.toLocaleString('en')} sessions in the table${pages}`
  const results = [figure({ name: 'renewals-few', what, unit: '1/s' }, few)]
  const sizes = [{ name: '1m', total: 1_000_000 }, ...(benchRun.isFull ? [{ name: '10m', total: 10_000_000 }] : [])]
  for (const { name, total } of sizes) {
    const { to: from } = range
    while (range.to < total) {
      benchRun.log(`${range.to.toLocaleString('en')} sessions`)
      range = await environment.seed(Math.min(seedAtOnce, total - range.to))
    }
    const rounds = await ratesOf(benchRun, environment, { from, to: range.to })
    const against = median(few)
    const label = `renewals a second, ${total.toLocaleString('en')} sessions, against 10,000 sessions`
    const measured = figure({ name: `renewals-${name}`, what: label, unit: '1/s', aim: 'at least 0.8' }, rounds)
    results.push({ ...measured, against, ratio: measured.value / against })
  }
  return results
}

async function ratesOf(benchRun: BenchRun, environment: Environment, range: SessionRange): Promise<number[]> {
  const { url } = await environment.auth()
  // Otherwise PostgreSQL would do this work of the seeding during the rounds.
  await environment.query('VACUUM ANALYZE')
  await environment.query('CHECKPOINT')
  const next = renewals(environment.sample(range, sessionsUsed))
  const renew = (durationMs: number) => load({ url, connections: poolSize, durationMs, next })
  // Long enough for each session to be renewed: the first change of a page after a checkpoint
  // writes the whole page.
  await renew(benchRun.warmUpMs * 2)
  const rates: number[] = []
  for (let round = 0; round < Math.min(benchRun.rounds, 3); round += 1) {
    rates.push((await renew(benchRun.roundMs)).perSecond)
  }
  return rates
}
