/** What a renewal costs with many sessions in the table. */
import type { BenchRun } from '../benchRun.ts'
import { openPlace, type Place, poolSize, type Range } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { figure, median, type Result } from '../result.ts'

/** As many are in use in each table: all of the small one, and of the others some that lie far apart, in the table as in its indexes. */
const sessionsUsed = 10_000
const growAtOnce = 250_000

/** In a place of its own, since the other parts leave sessions behind; and with huge pages, which is what so large a table wants. */
export async function manySessions(course: BenchRun): Promise<Result[]> {
  const place = await openPlace({ hugePages: true })
  try {
    return await ratesOf(course, place)
  } finally {
    await place.close()
  }
}

async function ratesOf(course: BenchRun, place: Place): Promise<Result[]> {
  const { url } = await place.auth()
  const rates = async (range: Range) => {
    // What the growing left behind is not the renewals' doing.
    await place.query('VACUUM ANALYZE')
    await place.query('CHECKPOINT')
    const next = renewals(place.among(range, sessionsUsed))
    const loaded = (durationMs: number) => load({ url, connections: poolSize, durationMs, next })
    // Long enough for each session to have its turn: the first change of a page after a checkpoint writes it whole.
    await loaded(course.warmUpMs * 2)
    const rounds: number[] = []
    for (let round = 0; round < Math.min(course.rounds, 3); round += 1) {
      rounds.push((await loaded(course.roundMs)).perSecond)
    }
    return rounds
  }

  const [{ status } = { status: 'unknown' }] = await place.query<{ status: string }>(
    `SELECT current_setting('huge_pages_status', true) AS status`,
  )
  const pages = status === 'on' ? ' (huge pages)' : ' (no huge pages)'
  let range = await place.grow(sessionsUsed)
  const few = await rates(range)
  const what = `renewals a second, ${sessionsUsed.toLocaleString('en')} sessions in the table${pages}`
  const results = [figure({ name: 'renewals-few', what, unit: '1/s' }, few)]
  const sizes = [{ name: '1m', total: 1_000_000 }, ...(course.isFull ? [{ name: '10m', total: 10_000_000 }] : [])]
  for (const { name, total } of sizes) {
    const { to: from } = range
    while (range.to < total) {
      course.log(`${range.to.toLocaleString('en')} sessions`)
      range = await place.grow(Math.min(growAtOnce, total - range.to))
    }
    const about = `renewals a second, ${total.toLocaleString('en')} sessions, against that`
    const rounds = await rates({ from, to: range.to })
    const against = median(few)
    const figures = figure({ name: `renewals-${name}`, what: about, unit: '1/s', aim: 'at least 0.8' }, rounds)
    results.push({ ...figures, against, ratio: figures.value / against })
  }
  return results
}
