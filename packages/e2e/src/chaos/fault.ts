/** What a fault is, and how it ends. */

import { systemClock } from '@gatehouse/clock'
import type { Random } from '@gatehouse/testkit'
import type { Cluster } from './cluster.ts'

export interface Fault {
  /** Faults of different lanes may overlap. */
  lane: 'services' | 'database' | 'connections'
  /**
   * @param stopping a fault that waits for an effect ends when this is aborted
   * @returns the names of the processes that could not serve during the fault
   */
  inject: (cluster: Cluster, random: Random, stopping: AbortSignal) => Promise<string[]>
}

/** Runs `end` after `ms` milliseconds, also when the wait fails. */
export async function during(ms: number, { start, end }: { start: () => unknown; end: () => unknown }): Promise<void> {
  await start()
  try {
    await systemClock.sleep(ms)
  } finally {
    await end()
  }
}
