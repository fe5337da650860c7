/** What all actors share: the stage, the people, and when it is time to go. */
import { systemClock } from '@gatehouse/clock'
import type { Cluster } from './cluster.ts'
import type { Random } from './random.ts'
import type { People } from './sessionPool.ts'

export interface ChaosContext {
  stage: Cluster
  people: People
  seed: number
  /** Aborted when the load ends. */
  stopping: AbortSignal
  /** Work that its beginner does not wait for; the run does, at its end. */
  inBackground: (work: Promise<void>) => void
}

/** Acts again and again until the load ends. */
export async function keepActing({ stopping }: ChaosContext, act: () => Promise<void>): Promise<void> {
  while (!stopping.aborted) await act()
}

/** Waits a moment, or until the load ends. */
export async function pause({ stopping }: ChaosContext, random: Random, [low, high]: [number, number]): Promise<void> {
  await systemClock.sleep(random.between(low, high), stopping).catch(() => undefined)
}
