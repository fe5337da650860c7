/** One run of the benchmark: how long its rounds are, and the place where they are run. */
import { systemClock } from '@gatehouse/clock'
import { openPlace, type Place } from './environment.ts'
import type { Pair } from './result.ts'

export interface Mode {
  isQuick: boolean
  /** Also what takes many minutes. */
  isFull: boolean
}

export interface BenchRun extends Mode {
  rounds: number
  roundMs: number
  /** Before the first round, so that machines and caches are warm. */
  warmUpMs: number
  /** Opened at its first use, and shared by all parts. */
  environment: () => Promise<Place>
  /** Progress, for whoever waits. */
  log: (what: string) => void
  close: () => Promise<void>
}

export function startBenchRun(haste: Mode): BenchRun {
  const startMs = systemClock.nowMs()
  let opened: Promise<Place> | undefined
  return {
    ...haste,
    ...(haste.isQuick ? { rounds: 2, roundMs: 1000, warmUpMs: 700 } : { rounds: 5, roundMs: 4000, warmUpMs: 2000 }),
    environment: () => {
      opened ??= openPlace()
      return opened
    },
    log: what => console.error(`${((systemClock.nowMs() - startMs) / 1000).toFixed(0).padStart(4)} s  ${what}`),
    close: async () => {
      const place = await opened?.catch(() => undefined)
      await place?.close()
    },
  }
}

/** One round after the other. */
export async function inRounds<Round>(rounds: number, run: (round: number) => Promise<Round>): Promise<Round[]> {
  const measured: Round[] = []
  for (let round = 0; round < rounds; round += 1) measured.push(await run(round))
  return measured
}

/** Runs two things in turn, round by round. */
export async function inTurn(
  rounds: number,
  one: (round: number) => Promise<number>,
  other: (round: number) => Promise<number>,
): Promise<Pair[]> {
  return inRounds(rounds, async round => {
    const value = await one(round)
    return { value, against: await other(round) }
  })
}
