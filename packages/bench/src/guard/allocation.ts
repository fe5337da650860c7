/** Counts the bytes that a request allocates, with the guard and without it. */
import type { TestProcess } from '@gatehouse/testkit'
import type { Environment } from '../environment.ts'
import { type RequestSeries, sendInSequence } from './sequentialRequests.ts'
import { startWorker } from './workerConfig.ts'

export interface Allocation {
  guarded: number
  unguarded: number
}

const tokenCount = 100
const warmUpRequests = 3000
/** A young generation that a whole round fits into, so that no collection runs during a round. */
const flags = ['--max-semi-space-size=128', '--min-semi-space-size=128']

/** More requests make the rest of the process's work smaller in proportion. */
export interface Precision {
  requests: number
  rounds: number
}

/** Shows differences of dozens of bytes. */
export const precise: Precision = { requests: 4000, rounds: 9 }
/** Shows differences of hundreds of bytes. */
export const coarse: Precision = { requests: 1500, rounds: 4 }

/** @returns bytes for each request */
export async function allocationPerRequest(
  environment: Environment,
  { requests, rounds }: Precision,
): Promise<Allocation> {
  const tokens = (await environment.sessions(tokenCount)).map(({ accessToken }) => accessToken)
  const service = await startWorker(environment, 'app', { flags })
  try {
    await sendInSequence(service.ready, { path: '/guarded', tokens, count: warmUpRequests })
    await sendInSequence(service.ready, { path: '/unguarded', tokens, count: warmUpRequests })
    const guarded: number[] = []
    const unguarded: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      guarded.push(await bytesPerRequest(service, { path: '/guarded', tokens, count: requests }))
      unguarded.push(await bytesPerRequest(service, { path: '/unguarded', tokens, count: requests }))
    }
    // Other work in the process can only add to a round.
    return { guarded: Math.min(...guarded), unguarded: Math.min(...unguarded) }
  } finally {
    await service.stop()
  }
}

/** Both figures include what reading the heap allocates: little beside thousands of requests. */
async function bytesPerRequest({ ready }: TestProcess, series: RequestSeries): Promise<number> {
  await (await fetch(`${ready}/memory`)).text()
  const before = await allocated(ready)
  await sendInSequence(ready, series)
  return ((await allocated(ready)) - before) / series.count
}

async function allocated(url: string): Promise<number> {
  const { bytes } = (await (await fetch(`${url}/allocated`)).json()) as { bytes: number }
  return bytes
}
