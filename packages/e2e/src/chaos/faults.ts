/** The faults: each breaks one part, waits, and repairs it. */
import { systemClock } from '@gatehouse/clock'
import { onServer, type Random } from '@gatehouse/testkit'
import { bounds, type Cluster, type ResourceSlot } from './cluster.ts'
import { connectionFaults } from './connectionFaults.ts'
import { during, type Fault } from './fault.ts'
import type { ProcessSlot } from './processSlot.ts'

const { leaseMs } = bounds
/** Longer than POLL_HOLD_MS: a held poll has been answered. */
const beyondHoldMs = 1300

const cutOff = (resource: ResourceSlot) => resource.proxies.forEach(line => void line.blackhole())
const reconnect = (resource: ResourceSlot) => resource.proxies.forEach(line => void line.heal())
const slow = (resource: ResourceSlot, ms: number) => resource.proxies.forEach(line => void line.delay(ms))
const freeze = ({ service }: ProcessSlot) => service().freeze()
const thaw = ({ service }: ProcessSlot) => service().thaw()

const killed = (pick: (cluster: Cluster) => ProcessSlot[]) => async (cluster: Cluster, random: Random) => {
  const slot = random.pick(pick(cluster))
  await during(random.between(100, 2000), { start: slot.kill, end: slot.start })
  return [slot.name]
}

const frozen = (pick: (cluster: Cluster) => ProcessSlot[]) => async (cluster: Cluster, random: Random) => {
  const slot = random.pick(pick(cluster))
  const ms = leaseMs + random.between(300, 2500)
  await during(ms, { start: () => freeze(slot), end: () => thaw(slot) })
  return [slot.name]
}

/** Starts another process while a revocation waits for a guard that is cut off. */
async function whileCutOff(cluster: Cluster, random: Random, join: () => Promise<void>): Promise<void> {
  const resource = random.pick(cluster.resources)
  await Promise.all([
    during(leaseMs, { start: () => cutOff(resource), end: () => reconnect(resource) }),
    systemClock.sleep(random.between(0, leaseMs / 2)).then(join),
  ])
}

async function joins<Entered extends ProcessSlot>(slot: Entered, slots: Entered[]): Promise<void> {
  await slot.start()
  slots.push(slot)
  await systemClock.sleep(2 * leaseMs)
  slots.splice(slots.indexOf(slot), 1)
  await slot.stop()
}

export const faults = {
  'auth-killed': { lane: 'services', inject: killed(({ auths }) => auths) },
  'resource-killed': { lane: 'services', inject: killed(({ resources }) => resources) },
  'auth-frozen': { lane: 'services', inject: frozen(({ auths }) => auths) },
  'resource-frozen': { lane: 'services', inject: frozen(({ resources }) => resources) },
  /** Half-open: neither side receives a FIN or RST. */
  'line-cut': {
    lane: 'services',
    inject: async (cluster, random) => {
      const resource = random.pick(cluster.resources)
      const ms = leaseMs + random.between(0, 2000)
      await during(ms, { start: () => cutOff(resource), end: () => reconnect(resource) })
      return [resource.name]
    },
  },
  /** One replica is unreachable for so long that the guard turns to another. */
  'one-line-cut': {
    lane: 'services',
    inject: async (cluster, random) => {
      const resource = random.pick(cluster.resources)
      const line = random.pick(resource.proxies)
      await during(3 * leaseMs, { start: line.blackhole, end: line.heal })
      return [resource.name]
    },
  },
  /** Answers arrive late, then none: a lease counted from the answer would outlast its row. */
  'line-slow-then-cut': {
    lane: 'services',
    inject: async (cluster, random) => {
      const resource = random.pick(cluster.resources)
      await during(random.between(2000, 4000), {
        start: () => slow(resource, random.between(500, 1100)),
        end: () => undefined,
      })
      await during(leaseMs, {
        start: () => cutOff(resource),
        end: () => {
          slow(resource, 0)
          reconnect(resource)
        },
      })
      return [resource.name]
    },
  },
  /** The guard thaws with an old answer in its socket buffer and no connection to any replica. */
  'frozen-and-cut': {
    lane: 'services',
    inject: async (cluster, random) => {
      const resource = random.pick(cluster.resources)
      await during(beyondHoldMs, { start: () => freeze(resource), end: () => cutOff(resource) })
      await during(leaseMs, { start: () => undefined, end: () => thaw(resource) })
      await during(leaseMs, { start: () => undefined, end: () => reconnect(resource) })
      return [resource.name]
    },
  },
  'auth-joins': {
    lane: 'services',
    inject: async (cluster, random) => {
      await whileCutOff(cluster, random, () => joins(cluster.spareAuth, cluster.auths))
      return []
    },
  },
  'guard-joins': {
    lane: 'services',
    inject: async (cluster, random) => {
      await whileCutOff(cluster, random, () => joins(cluster.spareResource, cluster.resources))
      return []
    },
  },
  'postgres-restarted': {
    lane: 'database',
    inject: async ({ postgres }) => {
      await postgres.restart()
      return ['postgres']
    },
  },
  'postgres-killed': {
    lane: 'database',
    inject: async ({ postgres }, random) => {
      await during(random.between(100, 2000), { start: postgres.kill, end: postgres.restart })
      return ['postgres']
    },
  },
  /** For some seconds no replica receives a notification. */
  'notify-lost': {
    lane: 'database',
    inject: async ({ postgres }) => {
      for (let times = 0; times < 12; times += 1) {
        await onServer(postgres.url, terminateListeners)
        await systemClock.sleep(250)
      }
      return []
    },
  },
  ...connectionFaults,
} as const satisfies Record<string, Fault>

const terminateListeners = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatehouse-listen'`

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as FaultName[]
