/**
 * Runs the sweep periodically on every replica: the first to run deletes the rows, and the others
 * find none.
 */
import type { Clock } from '@gatehouse/clock'
import { Counter, type Registry } from 'prom-client'
import type { PrismaClient } from '../database/database.ts'
import { maintainAuditPartitions, type SweepRules, sweep } from './sweep.ts'

export interface HousekeepingOptions {
  prisma: PrismaClient
  clock: Clock
  metrics: Registry
  rules: SweepRules
  periodMs: number
  onError: (error: unknown) => void
}

export interface Housekeeping {
  /** Ends a running round before its next batch. */
  close: () => Promise<void>
}

/** Between two batches, so that the database serves requests. */
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
    help: 'Expired rows that housekeeping deleted',
    labelNames: ['what'],
    registers: [metrics],
  })
  const deps = {
    prisma,
    rules,
    pause: () => clock.sleep(pauseMs, stop.signal),
    onRemoved: (what: string, count: number) => removed.inc({ what }, count),
  }

  const report = (error: unknown) => {
    if (!stop.signal.aborted) onError(error)
  }
  const sweepUntilStopped = async () => {
    let idleAfter: string | null = null
    while (!stop.signal.aborted) {
      // The period is random, so that replicas that start together do not sweep together.
      await clock.sleep(periodMs * (0.5 + Math.random()), stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      idleAfter = await sweep(deps, idleAfter).catch(error => {
        report(error)
        return idleAfter
      })
      await maintainAuditPartitions(deps).catch(report)
    }
  }

  const done = sweepUntilStopped()
  const close = async () => {
    stop.abort(new Error('stopping'))
    await done
  }
  return { close }
}
