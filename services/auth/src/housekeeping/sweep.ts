/**
 * One round of housekeeping: deletes expired rows in small batches, so that no lock is held for
 * long.
 */
import type { PrismaClient } from '../database/database.ts'
import { removeDeviceAuthorizations } from '../store/deviceAuthorizations.ts'
import {
  removeCreations,
  removeDeadGuards,
  removeOldAudit,
  removeRateLimits,
  removeRevocations,
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

/** Repeats each task until a batch is not full. */
export async function sweep({ prisma, rules, pause, onRemoved }: SweepDeps): Promise<void> {
  const { limit, auditRetentionDays: retentionDays } = rules
  const tasks: Record<string, () => Promise<number>> = {
    revocations: () => removeRevocations(prisma, limit),
    'expired sessions': () => deleteExpiredSessions(prisma, rules),
    'ended sessions': () => deleteEndedSessions(prisma, rules),
    'sessions below the global epoch': () => deleteBelowGlobalEpoch(prisma, rules),
    guards: () => removeDeadGuards(prisma, limit),
    'rate limits': () => removeRateLimits(prisma, limit),
    creations: () => removeCreations(prisma, limit),
    'device authorizations': () => removeDeviceAuthorizations(prisma, limit),
    'audit entries': () => removeOldAudit(prisma, { limit, retentionDays }),
  }
  for (const [what, remove] of Object.entries(tasks)) {
    let removed = await remove()
    onRemoved(what, removed)
    while (removed === limit) {
      await pause()
      removed = await remove()
      onRemoved(what, removed)
    }
  }
  await sweepIdleSessions({ prisma, rules, pause, onRemoved })
}

/** Passes once through the table of refresh tokens, in slices. */
async function sweepIdleSessions({ prisma, rules, pause, onRemoved }: SweepDeps): Promise<void> {
  let after: string | null = null
  do {
    const { removed, last }: { removed: number; last: string | null } = await deleteIdleSessions(prisma, {
      ...rules,
      after,
    })
    onRemoved('idle sessions', removed)
    after = last
    await pause()
  } while (after !== null)
}
