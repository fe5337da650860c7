/** Sweeps now and then, on every replica: whoever comes first does the work, and the others find it done. */
import type { Clock } from '@gatehouse/clock'
import { Counter, type Registry } from 'prom-client'
import type { PrismaClient } from '../database/database.ts'
import { type SweepRules, sweep } from './sweep.ts'

export interface HousekeepingOptions {
  prisma: PrismaClient
  clock: Clock
  metrics: Registry
  rules: SweepRules
  periodMs: number
  onError: (error: unknown) => void
}

export interface Housekeeping {
  /** Ends the round that runs at its next batch. */
  close: () => Promise<void>
}

/** Between two batches the database does what it is there for. */
const pauseMs = 50

export function startHousekeeping({
  prisma,
  clock,
  metrics,
  rules,
  periodMs,
  onError,
}: HousekeepingOptions): Housekeeping {
  const stop = new AbortController()
  const removed = new Counter({
    name: 'gatehouse_housekeeping_removed_total',
    help: 'Rows that had served their time',
    labelNames: ['what'],
    registers: [metrics],
  })
  const deps = {
    prisma,
    rules,
    pause: () => clock.sleep(pauseMs, stop.signal),
    onRemoved: (what: string, count: number) => removed.inc({ what }, count),
  }

  const sweepUntilStopped = async () => {
    while (!stop.signal.aborted) {
      // Replicas that were started together do not sweep together.
      await clock.sleep(periodMs * (0.5 + Math.random()), stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await sweep(deps).catch(error => {
        if (!stop.signal.aborted) onError(error)
      })
    }
  }

  const done = sweepUntilStopped()
  const close = async () => {
    stop.abort(new Error('stopping'))
    await done
  }
  return { close }
}
