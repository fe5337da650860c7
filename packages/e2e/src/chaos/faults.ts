/** The faults: each breaks something, waits, and mends it. */
import { systemClock } from '@gatehouse/clock'
import { onServer } from '@gatehouse/testkit'
import { bounds, type Cluster, type ResourcePlace } from './cluster.ts'
import type { ProcessSlot } from './processSlot.ts'
import type { Random } from './random.ts'

export interface Fault {
  /** Faults of different lanes may overlap. */
  lane: 'services' | 'database'
  /** @returns the names of those that could not serve meanwhile */
  strike: (stage: Cluster, random: Random) => Promise<string[]>
}

const { leaseMs } = bounds
/** A held poll has been answered by then. */
const beyondHoldMs = 1300

/** Breaks it, waits, and mends it whatever happens. */
async function during(ms: number, { start, end }: { start: () => unknown; end: () => unknown }): Promise<void> {
  await start()
  try {
    await systemClock.sleep(ms)
  } finally {
    await end()
  }
}

const cut = (resource: ResourcePlace) => resource.lines.forEach(line => void line.blackhole())
const heal = (resource: ResourcePlace) => resource.lines.forEach(line => void line.heal())
const slow = (resource: ResourcePlace, ms: number) => resource.lines.forEach(line => void line.delay(ms))
const freeze = ({ service }: ProcessSlot) => service().freeze()
const thaw = ({ service }: ProcessSlot) => service().thaw()

const killed = (pick: (stage: Cluster) => ProcessSlot[]) => async (stage: Cluster, random: Random) => {
  const place = random.pick(pick(stage))
  await during(random.between(100, 2000), { start: place.kill, end: place.enter })
  return [place.name]
}

const frozen = (pick: (stage: Cluster) => ProcessSlot[]) => async (stage: Cluster, random: Random) => {
  const place = random.pick(pick(stage))
  const ms = leaseMs + random.between(300, 2500)
  await during(ms, { start: () => freeze(place), end: () => thaw(place) })
  return [place.name]
}

/** Another process comes while a revocation waits for a guard that is cut off. */
async function whileCutOff(stage: Cluster, random: Random, join: () => Promise<void>): Promise<void> {
  const resource = random.pick(stage.resources)
  await Promise.all([
    during(leaseMs, { start: () => cut(resource), end: () => heal(resource) }),
    systemClock.sleep(random.between(0, leaseMs / 2)).then(join),
  ])
}

async function joins<Entered extends ProcessSlot>(spare: Entered, places: Entered[]): Promise<void> {
  await spare.enter()
  places.push(spare)
  await systemClock.sleep(2 * leaseMs)
  places.splice(places.indexOf(spare), 1)
  await spare.stop()
}

export const faults = {
  'auth-killed': { lane: 'services', strike: killed(({ auths }) => auths) },
  'resource-killed': { lane: 'services', strike: killed(({ resources }) => resources) },
  'auth-frozen': { lane: 'services', strike: frozen(({ auths }) => auths) },
  'resource-frozen': { lane: 'services', strike: frozen(({ resources }) => resources) },
  /** Half-open: neither side is told that the other is gone. */
  'line-cut': {
    lane: 'services',
    strike: async (stage, random) => {
      const resource = random.pick(stage.resources)
      const ms = leaseMs + random.between(0, 2000)
      await during(ms, { start: () => cut(resource), end: () => heal(resource) })
      return [resource.name]
    },
  },
  /** One replica out of reach for so long that the guard turns to another. */
  'one-line-cut': {
    lane: 'services',
    strike: async (stage, random) => {
      const resource = random.pick(stage.resources)
      const line = random.pick(resource.lines)
      await during(3 * leaseMs, { start: line.blackhole, end: line.heal })
      return [resource.name]
    },
  },
  /** Answers come late, then none: a lease that was counted from the answer would outlast its row. */
  'line-slow-then-cut': {
    lane: 'services',
    strike: async (stage, random) => {
      const resource = random.pick(stage.resources)
      await during(random.between(2000, 4000), {
        start: () => slow(resource, random.between(500, 1100)),
        end: () => undefined,
      })
      await during(leaseMs, {
        start: () => cut(resource),
        end: () => {
          slow(resource, 0)
          heal(resource)
        },
      })
      return [resource.name]
    },
  },
  /** It wakes up with an old answer in its hands and nobody to ask. */
  'frozen-and-cut': {
    lane: 'services',
    strike: async (stage, random) => {
      const resource = random.pick(stage.resources)
      await during(beyondHoldMs, { start: () => freeze(resource), end: () => cut(resource) })
      await during(leaseMs, { start: () => undefined, end: () => thaw(resource) })
      await during(leaseMs, { start: () => undefined, end: () => heal(resource) })
      return [resource.name]
    },
  },
  'auth-joins': {
    lane: 'services',
    strike: async (stage, random) => {
      await whileCutOff(stage, random, () => joins(stage.spareAuth, stage.auths))
      return []
    },
  },
  'guard-joins': {
    lane: 'services',
    strike: async (stage, random) => {
      await whileCutOff(stage, random, () => joins(stage.spareResource, stage.resources))
      return []
    },
  },
  'postgres-restarted': {
    lane: 'database',
    strike: async ({ postgres }) => {
      await postgres.restart()
      return ['postgres']
    },
  },
  'postgres-killed': {
    lane: 'database',
    strike: async ({ postgres }, random) => {
      await during(random.between(100, 2000), { start: postgres.kill, end: postgres.restart })
      return ['postgres']
    },
  },
  /** For some seconds nobody hears a notification. */
  'notify-lost': {
    lane: 'database',
    strike: async ({ postgres }) => {
      for (let times = 0; times < 12; times += 1) {
        await onServer(postgres.url, deafen)
        await systemClock.sleep(250)
      }
      return []
    },
  },
} as const satisfies Record<string, Fault>

const deafen = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatehouse-listen'`

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as FaultName[]
