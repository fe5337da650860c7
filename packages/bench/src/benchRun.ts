/** One run of the benchmark: the length of its rounds, and the environment that its parts share. */
import { systemClock } from '@gatehouse/clock'
import { type Environment, openEnvironment } from './environment.ts'
import type { Pair } from './result.ts'

export interface Mode {
  isQuick: boolean
  /** Includes what takes ten minutes more. */
  isFull: boolean
}

export interface BenchRun extends Mode {
  rounds: number
  roundMs: number
  /** Before the first round, to warm up the machine and its caches. */
  warmUpMs: number
  /** Opened on first use, and shared by all parts. */
  environment: () => Promise<Environment>
  /** Writes progress to standard error. */
  log: (message: string) => void
  close: () => Promise<void>
}

export function startBenchRun(mode: Mode): BenchRun {
  const startMs = systemClock.nowMs()
  let opened: Promise<Environment> | undefined
  return {
    ...mode,
    ...(mode.isQuick ? { rounds: 2, roundMs: 1000, warmUpMs: 700 } : { rounds: 5, roundMs: 4000, warmUpMs: 2000 }),
    environment: () => {
      opened ??= openEnvironment()
      return opened
    },
    log: message => console.error(`${((systemClock.nowMs() - startMs) / 1000).toFixed(0).padStart(4)} s  ${message}`),
    close: async () => {
      const environment = await opened?.catch(() => undefined)
      await environment?.close()
    },
  }
}

/** Runs rounds one after the other. */
export async function inRounds<Round>(rounds: number, run: (round: number) => Promise<Round>): Promise<Round[]> {
  const results: Round[] = []
  for (let round = 0; round < rounds; round += 1) results.push(await run(round))
  return results
}

/** Runs two measurements in turn, round by round. */
export async function inTurn(
  rounds: number,
  measure: (round: number) => Promise<number>,
  measureAgainst: (round: number) => Promise<number>,
): Promise<Pair[]> {
  return inRounds(rounds, async round => {
    const value = await measure(round)
    return { value, against: await measureAgainst(round) }
  })
}
