/** When each fault happens: the seed orders the faults of a lane, each once before any repeats. */
import { systemClock } from '@gatehouse/clock'
import type { Cluster } from './cluster.ts'
import { type Fault, type FaultName, faults } from './faults.ts'
import { type Random, randomOf } from './random.ts'

export interface Schedule {
  seed: number
  /** The faults that may happen. */
  names: readonly FaultName[]
  /** No fault begins later than this. */
  untilMs: number
}

/** Injects faults until `untilMs`; when it returns, every fault is repaired. */
export async function injectFaults(cluster: Cluster, schedule: Schedule): Promise<void> {
  const lanes = ['services', 'database'] as const
  await Promise.all(lanes.map(lane => runLane(cluster, schedule, lane)))
}

/** The pauses between database faults are longer: without PostgreSQL the system only waits. */
const pausesMs: Record<Fault['lane'], [number, number]> = { services: [300, 1500], database: [2000, 6000] }

async function runLane(cluster: Cluster, { seed, names, untilMs }: Schedule, lane: Fault['lane']): Promise<void> {
  const random = randomOf(seed, lane)
  const laneFaults = names.filter(name => faults[name].lane === lane)
  const queue = random.shuffled(laneFaults).sort(byRevelation)
  if (laneFaults.length === 0) return systemClock.sleep(Math.max(0, untilMs - systemClock.nowMs()))
  while (true) {
    await systemClock.sleep(random.between(...pausesMs[lane]))
    if (systemClock.nowMs() >= untilMs) return
    if (queue.length === 0) queue.push(...random.shuffled(laneFaults))
    await inject(cluster, random, queue.shift() as FaultName)
  }
}

/** First in the order, so that a short run has them too: they reveal most about leases. */
const mostRevealing: readonly FaultName[] = ['frozen-and-cut', 'line-cut']

function byRevelation(left: FaultName, right: FaultName): number {
  return Number(mostRevealing.includes(right)) - Number(mostRevealing.includes(left))
}

async function inject(cluster: Cluster, random: Random, name: FaultName): Promise<void> {
  const startMs = systemClock.nowMs()
  const fault: Fault = faults[name]
  const targets = await fault.inject(cluster, random)
  cluster.record({ kind: 'fault', fault: name, targets, startMs, endMs: systemClock.nowMs() })
}
