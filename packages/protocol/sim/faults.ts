/** The faults and their times, chosen by the seed. They end before the calm period. */
import type { MachineClock } from './clocks.ts'
import type { Guard } from './guard.ts'
import type { Replica } from './replica.ts'
import type { World } from './world.ts'

export interface FaultsOptions {
  guards: readonly Guard[]
  replicas: readonly Replica[]
  dbClock: MachineClock
}

export function startFaults(world: World, { guards, replicas, dbClock }: FaultsOptions): void {
  const { timeline, random, durations } = world
  const repeatedly = (everyMs: number, fault: () => void) => {
    const again = () => {
      if (timeline.trueMs() >= durations.stormMs) return
      fault()
      timeline.after(random.between(0.2, 2) * everyMs, again)
    }
    if (random.happens(0.6)) timeline.after(random.between(0, 2) * everyMs, again)
  }
  const capped = (ms: number) => Math.min(ms, durations.stormMs - timeline.trueMs())

  // A machine is suspended or has its wall clock set, never both within one lease: no clock would
  // show the suspension then.
  const suspended = guards.filter(() => random.happens(0.5))
  const clockStepped = guards.filter(guard => !suspended.includes(guard))
  repeatedly(700, () => disturbGuard(world, random.pick(guards)))
  repeatedly(900, () =>
    world.processes.stop(random.pick([...guards, ...replicas]).process, capped(random.between(20, 1600))),
  )
  repeatedly(1500, () => crash(world, random.pick(replicas)))
  repeatedly(800, () => {
    const ends = [random.pick(guards).process.name, random.pick(replicas).process.name]
    const [from = '', to = ''] = random.happens(0.5) ? ends : ends.reverse()
    world.network.cut({ from, to }, capped(random.between(50, 1500)))
  })
  repeatedly(2500, () => world.database.fail(capped(random.between(10, 400))))
  if (suspended.length > 0)
    repeatedly(900, () => suspend(world, random.pick(suspended), capped(random.between(20, 1600))))
  if (clockStepped.length > 0) {
    repeatedly(900, () =>
      random.pick(clockStepped).clock.step(random.between(-2, 2) * durations.wallSkewMs, durations.wallSkewMs),
    )
  }
  if (durations.databaseStepMs > 0) {
    timeline.after(random.between(0, durations.stormMs), () =>
      dbClock.step(durations.databaseStepMs, durations.databaseStepMs),
    )
  }
  const failOvers = random.pick([0, 0, 1, 2])
  for (let count = 0; count < failOvers; count += 1) startFailOver(world)
}

function disturbGuard(world: World, guard: Guard): void {
  const { random, trace } = world
  if (!guard.process.isAlive) return
  const fault = random.pick(['die', 'leave', 'stall'] as const)
  trace(guard.process.name, () => `fault: ${fault}`)
  guard[fault]()
  world.timeline.after(random.between(1, 800), guard.start)
}

function crash({ processes, random, timeline, trace }: World, { process }: Replica): void {
  trace(process.name, () => 'crashes')
  processes.kill(process)
  timeline.after(random.between(1, 500), () => processes.restart(process))
}

function suspend({ processes, trace }: World, { process, clock }: Guard, forMs: number): void {
  trace(process.name, () => `is suspended for ${forMs}`)
  clock.suspend(forMs)
  processes.stop(process, forMs)
}

/** No operator acts: the replicas notice it. */
function startFailOver({ database, random, timeline, durations, checker, trace }: World): void {
  const lastCommitMs = random.between(0, 0.7 * durations.stormMs)
  timeline.after(lastCommitMs, database.backUp)
  timeline.after(lastCommitMs + random.between(5, 700), () => {
    database.failOver()
    checker.failedOver()
    trace('database', () => `fails over to a standby at head ${database.tables().head}`)
  })
}
