/** One round of housekeeping: what has served its time goes, in batches that hurt nobody. */
import type { PrismaClient } from '../database/database.ts'
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
  /** Rows a statement. */
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

/** Each chore is repeated until a batch is not full. */
export async function sweep({ prisma, rules, pause, onRemoved }: SweepDeps): Promise<void> {
  const { limit, auditRetentionDays: retentionDays } = rules
  const tasks: Record<string, () => Promise<number>> = {
    revocations: () => removeRevocations(prisma, limit),
    'expired sessions': () => deleteExpiredSessions(prisma, rules),
    'ended sessions': () => deleteEndedSessions(prisma, rules),
    'sessions of a revocation of everyone': () => deleteBelowGlobalEpoch(prisma, rules),
    guards: () => removeDeadGuards(prisma, limit),
    'rate limits': () => removeRateLimits(prisma, limit),
    creations: () => removeCreations(prisma, limit),
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

/** Once through the table of refresh tokens, a slice at a time. */
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
