/** Renewals: one auth process over HTTP against the same statement with nobody between, and how long each takes. */
import type { BenchRun } from '../benchRun.ts'
import { poolSize } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { renewAll } from '../load/wrk.ts'
import { comparison, figure, median, type Pair, quantile, type Result } from '../result.ts'
import { pgbench } from './pgbench.ts'

/** A table of ordinary size. */
const sessionsInTable = 20_000
const sessionsUsed = 2000
/** The first ten thousand are compiled beside it, in a short run as in a long one. */
const learningMs = 6000

export async function renewalRates(course: BenchRun): Promise<Result[]> {
  const { rounds, roundMs } = course
  const place = await course.environment()
  const { url } = await place.auth()
  await place.grow(sessionsInTable)
  const loaded = async (durationMs: number) =>
    renewAll({ url, sessions: await place.sessions(sessionsUsed), connections: poolSize, durationMs })
  await loaded(learningMs)

  const pairs: Pair[] = []
  const alone: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    course.log(`renewals, round ${round + 1} of ${rounds}`)
    const perSecond = await loaded(roundMs)
    alone.push(perSecond)
    const against = await pgbench(place, { clients: poolSize, durationMs: roundMs })
    if (against !== undefined) pairs.push({ value: perSecond, against })
  }

  const rate = 0.7 * median(alone)
  course.log(`renewals at ${Math.round(rate)} a second`)
  const next = renewals(await place.sessions(sessionsUsed))
  // One load for all, and its beginning does not count: V8 takes some seconds to learn another load, or connections that close.
  const learnMs = roundMs * 2
  const durationMs = learnMs + rounds * roundMs * 2
  const { latencies } = await load({ url, connections: 4 * poolSize, durationMs, rate, next })
  const measured = latencies.slice(Math.round((rate * learnMs) / 1000))
  const inWindow = Math.ceil(measured.length / rounds)
  const windows = Array.from({ length: rounds }, (_nothing, at) => measured.slice(at * inWindow, (at + 1) * inWindow))
  /** Of all of them together: what is rare counts as often as it happens. */
  const late = (part: number, { name, what, aim }: { name: string; what: string; aim?: string }): Result => ({
    ...figure(
      { name, what: `a renewal at 70 % of the highest rate, ${what}`, unit: 'ms', ...(aim && { aim }) },
      windows.map(window => quantile(window, part)),
    ),
    value: quantile(measured, part),
  })
  const names = { name: 'renewal-pgbench', unit: '1/s', aim: 'at least 0.5' }
  const against = 'against pgbench running its statement on as many connections'
  return [
    pairs.length > 0
      ? comparison({ ...names, what: `renewals of one auth process over HTTP, ${against}` }, pairs)
      : figure({ ...names, what: 'renewals of one auth process over HTTP (pgbench is not installed)' }, alone),
    late(0.99, { name: 'renewal-p99', what: 'slowest in a hundred', aim: 'under 20' }),
    late(0.5, { name: 'renewal-p50', what: 'the middle one' }),
  ]
}
