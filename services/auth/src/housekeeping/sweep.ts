/**
 * One round of housekeeping: deletes expired rows in small batches, so that no lock is held for
 * long.
 */
import type { PrismaClient } from '../database/database.ts'
import { createAuditPartitions, dropAuditPartition } from '../store/auditPartitions.ts'
import { removeDeviceAuthorizations } from '../store/deviceAuthorizations.ts'
import {
  lowestId,
  removeCreations,
  removeDeadGuards,
  removeOldAudit,
  removeRateLimits,
  removeRevocations,
  type Slice,
  type SweptSlice,
} from '../store/sweepRecords.ts'
import {
  deleteBelowGlobalEpoch,
  deleteEndedSessions,
  deleteExpiredSessions,
  deleteIdleSessions,
} from '../store/sweepSessions.ts'

export interface SweepRules {
  /** Rows per statement. */
  limit: number
  /** How long sessions are kept after their end. */
  historyDays: number
  auditRetentionDays: number
}

export interface SweepDeps {
  prisma: PrismaClient
  rules: SweepRules
  /** Waits between two batches; rejects when the process stops. */
  pause: () => Promise<void>
  onRemoved: (what: string, removed: number) => void
}

/** A round reads so many slices of the refresh tokens at most; the next round continues. */
const maxSlices = 100

/**
 * Repeats each task until a batch is not full.
 * @param idleAfter where the previous round stopped to read refresh tokens; null starts at the beginning
 * @returns where this round stopped
 */
export async function sweep(deps: SweepDeps, idleAfter: string | null = null): Promise<string | null> {
  const { prisma, rules } = deps
  const { limit, auditRetentionDays: retentionDays } = rules
  const tasks: Record<string, () => Promise<number>> = {
    revocations: () => removeRevocations(prisma, limit),
    'expired sessions': () => deleteExpiredSessions(prisma, rules),
    'ended sessions': () => deleteEndedSessions(prisma, rules),
    'sessions below the global epoch': () => deleteBelowGlobalEpoch(prisma, rules),
    'rate limits': () => removeRateLimits(prisma, limit),
    creations: () => removeCreations(prisma, limit),
    'device authorizations': () => removeDeviceAuthorizations(prisma, limit),
    'audit entries': () => removeOldAudit(prisma, { limit, retentionDays }),
  }
  for (const [what, remove] of Object.entries(tasks)) await repeat(deps, { what, remove, fullBatch: limit })
  await sweepSlices(deps, { what: 'guards', after: null, remove: slice => removeDeadGuards(prisma, slice) })
  const remove = (slice: Slice) => deleteIdleSessions(prisma, { ...rules, ...slice })
  return sweepSlices(deps, { what: 'idle sessions', after: idleAfter, remove })
}

/**
 * Creates the partitions of the audit log ahead of time, and drops those that are old enough.
 * @throws PostgreSQL's error 55P03 while a long transaction reads the audit log: the next round tries again
 */
export async function maintainAuditPartitions(deps: SweepDeps): Promise<void> {
  const { prisma, rules } = deps
  await createAuditPartitions(prisma)
  const remove = () => dropAuditPartition(prisma, rules.auditRetentionDays)
  await repeat(deps, { what: 'audit partitions', remove, fullBatch: 1 })
}

interface BatchTask {
  what: string
  remove: () => Promise<number>
  /** A batch that removes so many is followed by another. */
  fullBatch: number
}

async function repeat({ pause, onRemoved }: SweepDeps, { what, remove, fullBatch }: BatchTask): Promise<void> {
  let removed = await remove()
  onRemoved(what, removed)
  while (removed === fullBatch) {
    await pause()
    removed = await remove()
    onRemoved(what, removed)
  }
}

interface SliceTask {
  what: string
  after: string | null
  remove: (slice: Slice) => Promise<SweptSlice>
}

/** Passes through a table in slices. @returns where it stopped; null at the end of the table */
async function sweepSlices(
  { rules: { limit }, pause, onRemoved }: SweepDeps,
  { what, after, remove }: SliceTask,
): Promise<string | null> {
  let from = after
  for (let slices = 0; slices < maxSlices; slices += 1) {
    const { removed, last } = await remove({ limit, after: from ?? lowestId })
    onRemoved(what, removed)
    from = last
    if (from === null) return null
    await pause()
  }
  return from
}
