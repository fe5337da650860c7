/** What all actors of a run share. */

import { systemClock } from '@gatehouse/clock'
import type { Random } from '@gatehouse/testkit'
import type { Cluster } from './cluster.ts'
import type { SessionPool } from './sessionPool.ts'

export interface ChaosContext {
  cluster: Cluster
  sessionPool: SessionPool
  seed: number
  /** Aborted when the load ends. */
  stopping: AbortSignal
  /** Registers work that the caller does not await; the run awaits it at its end. */
  inBackground: (work: Promise<void>) => void
}

/** Repeats `act` until the load ends. */
export async function repeatUntilStopped({ stopping }: ChaosContext, method: () => Promise<void>): Promise<void> {
  while (!stopping.aborted) await method()
}

/** Waits between `low` and `high` milliseconds, or until the load ends. */
export async function pause({ stopping }: ChaosContext, random: Random, [low, high]: [number, number]): Promise<void> {
  await systemClock.sleep(random.between(low, high), stopping).catch(() => undefined)
}
