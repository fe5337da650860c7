/** Renewals of one auth process, against the same statement sent by pgbench. */
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
/** V8 compiles the code during the first ten thousand renewals, in a short run as in a long one. */
const warmUpMs = 6000

export async function renewalRates(benchRun: BenchRun): Promise<Result[]> {
  const { rounds, roundMs } = benchRun
  const environment = await benchRun.environment()
  const { url } = await environment.auth()
  await environment.seed(sessionsInTable)
  const renew = async (durationMs: number) =>
    renewAll({ url, sessions: await environment.sessions(sessionsUsed), connections: poolSize, durationMs })
  await renew(warmUpMs)

  const pairs: Pair[] = []
  const rates: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    benchRun.log(`renewals, round ${round + 1} of ${rounds}`)
    const perSecond = await renew(roundMs)
    rates.push(perSecond)
    const against = await pgbench(environment, { clients: poolSize, durationMs: roundMs })
    if (against !== undefined) pairs.push({ value: perSecond, against })
  }
  const labels = { name: 'renewal-pgbench', unit: '1/s', aim: 'at least 0.5' }
  const against = 'against pgbench sending its statement on as many connections'
  return [
    pairs.length > 0
      ? comparison({ ...labels, what: `renewals of one auth process over HTTP, ${against}` }, pairs)
      : figure({ ...labels, what: 'renewals of one auth process over HTTP (pgbench is not installed)' }, rates),
    ...(await latencies(benchRun, { url, rate: 0.7 * median(rates) })),
  ]
}

async function latencies(benchRun: BenchRun, { url, rate }: { url: string; rate: number }): Promise<Result[]> {
  const { rounds, roundMs } = benchRun
  benchRun.log(`renewals at ${Math.round(rate)} a second`)
  const environment = await benchRun.environment()
  const next = renewals(await environment.sessions(sessionsUsed))
  // One load for all rounds. Its beginning does not count: V8 takes some seconds to adapt to a
  // different load.
  const settlingMs = roundMs * 2
  const durationMs = settlingMs + rounds * roundMs * 2
  const { latencies } = await load({ url, connections: 4 * poolSize, durationMs, rate, next })
  const measured = latencies.slice(Math.round((rate * settlingMs) / 1000))
  const perRound = Math.ceil(measured.length / rounds)
  const windows = Array.from({ length: rounds }, (_, index) => measured.slice(index * perRound, (index + 1) * perRound))
  /** The value is of all rounds together: a rare delay counts. The spread is of the rounds. */
  const latency = (fraction: number, labels: { name: string; what: string; aim?: string }): Result => ({
    ...figure(
      { ...labels, what: `latency of a renewal at 70 % of the highest rate, ${labels.what}`, unit: 'ms' },
      windows.map(window => quantile(window, fraction)),
    ),
    value: quantile(measured, fraction),
  })
  return [
    latency(0.99, { name: 'renewal-p99', what: 'p99', aim: 'under 20' }),
    latency(0.5, { name: 'renewal-p50', what: 'median' }),
  ]
}
