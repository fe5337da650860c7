/** What a renewal costs with many sessions in the table. */
import type { Course } from '../course.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { poolSize } from '../place.ts'
import { figure, median, type Result } from '../result.ts'

/** Spread over the whole index, since their ids are hashes of their numbers. */
const sessionsUsed = 20_000
const growAtOnce = 250_000

export async function manySessions(course: Course): Promise<Result[]> {
  const place = await course.place()
  const { url } = await place.auth()
  const next = renewals(await place.sessions(sessionsUsed))
  const sizes = [{ name: '1m', total: 1_000_000 }, ...(course.isFull ? [{ name: '10m', total: 10_000_000 }] : [])]
  const rates = async () => {
    const rounds: number[] = []
    for (let round = 0; round < Math.min(course.rounds, 3); round += 1) {
      rounds.push((await load({ url, connections: poolSize, durationMs: course.roundMs, next })).perSecond)
    }
    return rounds
  }
  await place.query('VACUUM ANALYZE')
  await load({ url, connections: poolSize, durationMs: course.warmUpMs, next })
  const before = await sessionsIn(course)
  const first = await rates()
  const results = [
    figure(
      {
        name: 'renewals-few',
        what: `renewals a second, ${before.toLocaleString('en')} sessions in the table`,
        unit: '1/s',
      },
      first,
    ),
  ]
  for (const { name, total } of sizes) {
    for (let held = await sessionsIn(course); held < total; held += growAtOnce) {
      course.say(`${held.toLocaleString('en')} sessions`)
      await place.grow(Math.min(growAtOnce, total - held))
    }
    // What the growing left behind is not the renewals' doing.
    await place.query('VACUUM ANALYZE')
    await place.query('CHECKPOINT')
    await load({ url, connections: poolSize, durationMs: course.warmUpMs, next })
    const rounds = await rates()
    const about = `renewals a second, ${total.toLocaleString('en')} sessions, against that`
    const against = median(first)
    const figures = figure({ name: `renewals-${name}`, what: about, unit: '1/s', aim: 'at least 0.8' }, rounds)
    results.push({ ...figures, against, ratio: figures.value / against })
  }
  return results
}

async function sessionsIn(course: Course): Promise<number> {
  const place = await course.place()
  const [row] = await place.query<{ count: string }>('SELECT count(*) FROM sessions')
  return Number(row?.count)
}
