/** One run: a seed chooses the durations and faults, and the checker checks every step. */
import { createChecker, Violation } from './checker.ts'
import { createMachineClock } from './clocks.ts'
import { createDatabase } from './database.ts'
import { chooseDurations } from './durations.ts'
import { startFaults } from './faults.ts'
import { purge } from './feed.ts'
import { createGuard, type Guard } from './guard.ts'
import { createNetwork } from './network.ts'
import { createProcesses } from './processes.ts'
import { createRandom, type Random } from './random.ts'
import { createReplica } from './replica.ts'
import { type Rules, rules as shippingRules } from './rules.ts'
import { emptyTables } from './tables.ts'
import { createTimeline } from './timeline.ts'
import { startUsers } from './users.ts'
import type { World } from './world.ts'

export interface Run {
  seed: number
  /** The broken promise; null when all were kept. */
  broken: string | null
  events: number
  counts: { inForce: number; judged: number }
}

export interface RunOptions {
  rules?: Rules
  /** Receives every event with its time. */
  onEvent?: (line: string) => void
}

export function simulate(seed: number, { rules = shippingRules, onEvent }: RunOptions = {}): Run {
  const world = buildWorld(seed, { rules, onEvent })
  const { timeline, random, checker, durations, network, database, processes } = world
  const replicas = ['auth-1', 'auth-2'].map(name => createReplica(world, name))
  const guards = ['guard-1', 'guard-2', 'guard-3'].map(name =>
    createGuard(world, { name, replicas, clock: createClock(world, random.between(-1, 1) * durations.wallSkewMs) }),
  )
  for (const guard of guards) timeline.after(random.between(0, 100), guard.start)
  startUsers(world, replicas)
  startFaults(world, { guards, replicas, dbClock: world.dbClock })
  startPurge(world)

  let events = 0
  const afterEach = () => {
    events += 1
    checker.check(guards)
  }
  try {
    timeline.runUntil(durations.stormMs, afterEach)
    network.calm()
    database.calm()
    for (const guard of guards) if (!guard.process.isAlive) guard.start()
    for (const { process } of replicas) if (!process.isAlive) processes.restart(process)
    timeline.runUntil(durations.stormMs + durations.calmMs, afterEach)
    checker.finish(guards)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return {
      seed,
      broken: `${error.message} (at ${timeline.trueMs().toFixed(1)} ms)`,
      events,
      counts: checker.counts(),
    }
  }
  return { seed, broken: null, events, counts: checker.counts() }
}

type BuiltWorld = World & { dbClock: Guard['clock'] }

function buildWorld(seed: number, { rules, onEvent }: { rules: Rules; onEvent: RunOptions['onEvent'] }): BuiltWorld {
  const random = createRandom(seed)
  const durations = chooseDurations(random)
  const timeline = createTimeline()
  const processes = createProcesses(timeline)
  const network = createNetwork(timeline, random)
  const dbClock = createClock({ timeline, random }, 0)
  const tables = emptyTables(dbClock.read().wallMs)
  const database = createDatabase({ timeline, processes, random, clock: dbClock, tables })
  const checker = createChecker({ database, rules, durations })
  const trace: World['trace'] = (who, what) =>
    onEvent?.(`${timeline.trueMs().toFixed(1).padStart(7)} ${who}: ${what()}`)
  return { timeline, random, rules, durations, processes, network, database, checker, trace, dbClock }
}

function createClock({ timeline, random }: { timeline: World['timeline']; random: Random }, wallOffsetMs: number) {
  return createMachineClock({ trueMs: timeline.trueMs, rate: random.between(1, 1.01), wallOffsetMs })
}

function startPurge({ timeline, database, random }: World): void {
  const again = () => {
    purge(database.tables(), { dbNowMs: database.dbNowMs(), keepRowsMs: 200 })
    timeline.after(random.between(50, 300), again)
  }
  again()
}
