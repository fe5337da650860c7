/** Faults of the connections between the replicas and PostgreSQL. */
import { systemClock } from '@gatehouse/clock'
import { databaseTimeoutMs } from './cluster.ts'
import { exhaustPool } from './exhaustPool.ts'
import { during, type Fault } from './fault.ts'

/**
 * A statement ends after DATABASE_TIMEOUT_MS and a second. The heartbeat of LISTEN takes up to seven
 * seconds. The pool closes a connection that it does not use after ten.
 */
const maxSilentMs = 15_000

export const connectionFaults = {
  /** Requests of one replica take every connection of its pool, and wait for a table lock. */
  'pool-exhausted': {
    lane: 'database',
    inject: async (cluster, random) => {
      await exhaustPool(cluster, random.pick(cluster.auths), databaseTimeoutMs + 1000)
      return ['postgres']
    },
  },
  /**
   * A firewall has dropped the connections of a replica to PostgreSQL: they stay open and silent.
   * Ends when the replica has given up each of them, that of LISTEN included.
   */
  'connections-silent': {
    lane: 'connections',
    inject: async ({ auths, record }, random, stopping) => {
      const { name, database } = random.pick(auths)
      const startMs = systemClock.nowMs()
      database.silence()
      const isOver = () => stopping.aborted || systemClock.nowMs() > startMs + maxSilentMs
      while (database.silent() > 0 && !isOver()) await systemClock.sleep(50)
      const isServing = database.silent() === 0
      if (!isServing) database.cut()
      database.mend()
      if (!stopping.aborted)
        record({ kind: 'recovery', target: `connections of ${name}`, startMs, endMs: systemClock.nowMs(), isServing })
      return [name]
    },
  },
  'connections-reset': {
    lane: 'connections',
    inject: async ({ auths }, random) => {
      const { name, database } = random.pick(auths)
      await during(random.between(0, 1500), { start: database.cut, end: database.mend })
      return [name]
    },
  },
} as const satisfies Record<string, Fault>
