/** When what breaks: a seed orders the faults of each lane, every one before any of them again. */
import { systemClock } from '@gatehouse/clock'
import type { Cluster } from './cluster.ts'
import { type Fault, type FaultName, faults } from './faults.ts'
import { type Random, randomOf } from './random.ts'

export interface Schedule {
  seed: number
  /** What may break; the rest stays whole. */
  names: readonly FaultName[]
  /** No fault begins later than this. */
  untilMs: number
}

/** Breaks and mends until it is time; afterwards everything stands again. */
export async function keepBreaking(stage: Cluster, schedule: Schedule): Promise<void> {
  const lanes = ['services', 'database'] as const
  await Promise.all(lanes.map(lane => runLane(stage, schedule, lane)))
}

/** Without its database the system only waits: most of the time it has one. */
const pausesMs: Record<Fault['lane'], [number, number]> = { services: [300, 1500], database: [2000, 6000] }

async function runLane(stage: Cluster, { seed, names, untilMs }: Schedule, lane: Fault['lane']): Promise<void> {
  const random = randomOf(seed, lane)
  const ours = names.filter(name => faults[name].lane === lane)
  const queue = random.shuffled(ours).sort(tellingFirst)
  if (ours.length === 0) return systemClock.sleep(Math.max(0, untilMs - systemClock.nowMs()))
  while (true) {
    await systemClock.sleep(random.between(...pausesMs[lane]))
    if (systemClock.nowMs() >= untilMs) return
    if (queue.length === 0) queue.push(...random.shuffled(ours))
    await strike(stage, random, queue.shift() as FaultName)
  }
}

/** What shows most comes first, so that a short run shows it too: a guard with an old answer in its hands and nobody to ask. */
const telling: readonly FaultName[] = ['frozen-and-cut', 'line-cut']

function tellingFirst(one: FaultName, other: FaultName): number {
  return Number(telling.includes(other)) - Number(telling.includes(one))
}

async function strike(stage: Cluster, random: Random, name: FaultName): Promise<void> {
  const startMs = systemClock.nowMs()
  const fault: Fault = faults[name]
  const targets = await fault.strike(stage, random)
  stage.note({ kind: 'fault', fault: name, targets, startMs, endMs: systemClock.nowMs() })
}
