/** When each fault happens: the seed orders those of a lane; each happens before any repeats. */

import { systemClock } from '@gatehouse/clock'
import { randomOf } from '@gatehouse/testkit'
import type { Cluster } from './cluster.ts'
import type { Fault } from './fault.ts'
import { type FaultName, faults } from './faults.ts'

export interface Schedule {
  seed: number
  /** The faults that may happen. */
  names: readonly FaultName[]
  /** No fault begins later than this, except for the first time. */
  untilMs: number
  /** No fault begins after this is aborted. */
  stopping: AbortSignal
}

/** Injects faults until `untilMs`; when it returns, every fault is repaired. */
export async function injectFaults(cluster: Cluster, schedule: Schedule): Promise<void> {
  const lanes = ['services', 'database', 'connections'] as const
  await Promise.all(lanes.map(lane => runLane(cluster, schedule, lane)))
}

/** The pauses between database faults are longer: without PostgreSQL the system only waits. */
const pausesMs: Record<Fault['lane'], [number, number]> = {
  services: [300, 1500],
  database: [2000, 6000],
  connections: [500, 3000],
}

async function runLane(
  cluster: Cluster,
  { seed, names, untilMs, stopping }: Schedule,
  lane: Fault['lane'],
): Promise<void> {
  const random = randomOf(seed, lane)
  const laneFaults = names.filter(name => faults[name].lane === lane)
  const firstRound = random.shuffled(laneFaults).sort(byRevelation)
  const sleep = (ms: number) => systemClock.sleep(Math.max(0, ms), stopping).catch(() => undefined)
  if (laneFaults.length === 0) return sleep(untilMs - systemClock.nowMs())
  for (let rounds = 0; ; rounds += 1) {
    const isOver = () => stopping.aborted || (rounds > 0 && systemClock.nowMs() >= untilMs)
    for (const name of rounds === 0 ? firstRound : random.shuffled(laneFaults)) {
      if (isOver()) return
      await sleep(random.between(...pausesMs[lane]))
      if (isOver()) return
      const startMs = systemClock.nowMs()
      const targets = await (faults[name] as Fault).inject(cluster, random, stopping)
      cluster.record({ kind: 'fault', fault: name, targets, startMs, endMs: systemClock.nowMs() })
    }
  }
}

/** First in the order, so that a short run has them too: they reveal most about leases. */
const mostRevealing: readonly FaultName[] = ['frozen-and-cut', 'line-cut']

function byRevelation(left: FaultName, right: FaultName): number {
  return Number(mostRevealing.includes(right)) - Number(mostRevealing.includes(left))
}
