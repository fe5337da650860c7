/** What goes wrong, and when: chosen by the seed, over before the calm at the end. */
import type { MachineClock } from './clocks.ts'
import type { Guard } from './guard.ts'
import type { Replica } from './replica.ts'
import type { World } from './world.ts'

export interface FaultsOptions {
  guards: readonly Guard[]
  replicas: readonly Replica[]
  dbClock: MachineClock
}

export function startFaults(stage: World, { guards, replicas, dbClock }: FaultsOptions): void {
  const { timeline, random, scale } = stage
  const repeatedly = (everyMs: number, act: () => void) => {
    const again = () => {
      if (timeline.trueMs() >= scale.stormMs) return
      act()
      timeline.after(random.between(0.2, 2) * everyMs, again)
    }
    if (random.happens(0.6)) timeline.after(random.between(0, 2) * everyMs, again)
  }
  const left = (ms: number) => Math.min(ms, scale.stormMs - timeline.trueMs())

  // A machine either sleeps or has its wall clock set back, never both within one lease: no clock would tell.
  const sleepers = guards.filter(() => random.happens(0.5))
  const others = guards.filter(guard => !sleepers.includes(guard))
  repeatedly(700, () => harm(stage, random.pick(guards)))
  repeatedly(900, () =>
    stage.processes.stop(random.pick([...guards, ...replicas]).process, left(random.between(20, 1600))),
  )
  repeatedly(1500, () => crash(stage, random.pick(replicas)))
  repeatedly(800, () => {
    const ends = [random.pick(guards).process.name, random.pick(replicas).process.name]
    const [from = '', to = ''] = random.happens(0.5) ? ends : ends.reverse()
    stage.network.cut({ from, to }, left(random.between(50, 1500)))
  })
  repeatedly(2500, () => stage.database.fail(left(random.between(10, 400))))
  if (sleepers.length > 0) repeatedly(900, () => suspend(stage, random.pick(sleepers), left(random.between(20, 1600))))
  if (others.length > 0) {
    repeatedly(900, () => random.pick(others).clock.step(random.between(-2, 1) * scale.wallSkewMs, scale.wallSkewMs))
  }
  if (scale.databaseStepMs > 0) {
    timeline.after(random.between(0, scale.stormMs), () => dbClock.step(scale.databaseStepMs, scale.databaseStepMs))
  }
  if (random.happens(0.3)) startRestore(stage)
}

function harm(stage: World, guard: Guard): void {
  const { random, trace } = stage
  if (!guard.process.isAlive) return
  const way = random.pick(['die', 'leave', 'stall'] as const)
  trace(guard.process.name, () => `is to ${way}`)
  guard[way]()
  stage.timeline.after(random.between(1, 800), guard.start)
}

function crash({ processes, random, timeline, trace }: World, { process }: Replica): void {
  trace(process.name, () => 'dies')
  processes.kill(process)
  timeline.after(random.between(1, 500), () => processes.bear(process))
}

function suspend({ processes, trace }: World, { process, clock }: Guard, forMs: number): void {
  trace(process.name, () => `is suspended for ${forMs}`)
  clock.suspend(forMs)
  processes.stop(process, forMs)
}

function startRestore({ database, random, timeline, rules, scale, checker, trace }: World): void {
  const backUpAtMs = random.between(0, 0.7 * scale.stormMs)
  timeline.after(backUpAtMs, database.backUp)
  timeline.after(backUpAtMs + random.between(50, 700), () => {
    database.restore()
    const tables = database.tables()
    tables.feedSinceMs = database.dbNowMs()
    if (rules.isFeedRenewed) tables.feedId = 'feed-2'
    checker.restored()
    trace('operator', () => `restores the database at head ${tables.head}`)
  })
}
