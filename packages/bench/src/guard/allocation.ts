/** Counts the bytes that a request allocates: of a route with the guard, and of the same without. */
import type { TestProcess } from '@gatehouse/testkit'
import type { Place } from '../environment.ts'
import { oneByOne, type Row } from './sequentialRequests.ts'
import { startUnderLoad } from './workerConfig.ts'

export interface Allocation {
  guarded: number
  unguarded: number
}

const tokensInTurn = 100
const warmUp = 3000
/** Room for a whole round, so that no collection falls into one. */
const flags = ['--max-semi-space-size=128', '--min-semi-space-size=128']

/** How many requests, so that what else goes on in the process is small beside them. */
export interface Thoroughness {
  perRound: number
  rounds: number
}

/** Tells dozens of bytes. */
export const thorough: Thoroughness = { perRound: 4000, rounds: 9 }
/** Tells hundreds. */
export const brief: Thoroughness = { perRound: 1500, rounds: 4 }

export async function allocationPerRequest(place: Place, { perRound, rounds }: Thoroughness): Promise<Allocation> {
  const tokens = (await place.sessions(tokensInTurn)).map(({ accessToken }) => accessToken)
  const service = await startUnderLoad(place, 'app', flags)
  try {
    await oneByOne(service.ready, { path: '/guarded', tokens, count: warmUp })
    await oneByOne(service.ready, { path: '/unguarded', tokens, count: warmUp })
    const guarded: number[] = []
    const unguarded: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      guarded.push(await bytesEach(service, { path: '/guarded', tokens, count: perRound }))
      unguarded.push(await bytesEach(service, { path: '/unguarded', tokens, count: perRound }))
    }
    // Whatever else goes on in the process adds to a round, and nothing takes away.
    return { guarded: Math.min(...guarded), unguarded: Math.min(...unguarded) }
  } finally {
    await service.stop()
  }
}

/** What the question itself allocates is in both figures, and small beside thousands of requests. */
async function bytesEach({ ready }: TestProcess, row: Row): Promise<number> {
  await (await fetch(`${ready}/memory`)).text()
  const before = await allocated(ready)
  await oneByOne(ready, row)
  return ((await allocated(ready)) - before) / row.count
}

async function allocated(url: string): Promise<number> {
  const { bytes } = (await (await fetch(`${url}/allocated`)).json()) as { bytes: number }
  return bytes
}
