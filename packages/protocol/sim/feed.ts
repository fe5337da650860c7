/** A replica's statements about the feed: what a poll writes, what it reads, what a barrier looks at. */
import type { PollResponse } from '@gatehouse/contract'
import type { Poll } from '../src/index.ts'
import type { Statement } from './database.ts'
import type { Durations } from './durations.ts'
import type { Rules } from './rules.ts'
import type { Tables } from './tables.ts'

export interface GuardPoll extends Poll {
  guard: string
}

export interface Written {
  leaseMs: number
  hasAdvanced: boolean
}

/** Writes the guard's row. @returns what was granted, or that the guard's cursor is of another feed */
export function writeRow(
  poll: GuardPoll,
  { rules, durations }: { rules: Rules; durations: Durations },
): Statement<Written | 'feed-changed'> {
  return (tables, dbNowMs) => {
    const { feedId, head } = tables
    const row = tables.guards.get(poll.guard) ?? null
    const first = tables.entries.find(({ seq }) => seq > (poll.after ?? 0))
    const now = { feedId, head, dbNowMs, rules: durations.lease, behindSinceMs: first?.committedAtMs }
    const decision = rules.decidePoll(poll, row, now)
    if (decision.kind === 'feed-changed') return 'feed-changed'
    tables.guards.set(poll.guard, decision.row)
    return { leaseMs: decision.leaseMs, hasAdvanced: decision.row.cursor > (row?.cursor ?? 0) }
  }
}

export type Page = Omit<PollResponse, 'leaseMs'>

/** One statement, so one snapshot: whoever sees `head` sees every entry up to it. */
export function readPage(after: number, pageSize: number): Statement<Page> {
  return ({ feedId, head, entries }, dbNowMs) => {
    const live = entries.filter(({ seq, expiresAtMs }) => seq > after && expiresAtMs > dbNowMs)
    return { feedId, head, entries: live.slice(0, pageSize), more: live.length > pageSize }
  }
}

export type BarrierView = 'in-force' | 'held-up' | 'feed-changed'

export interface BarrierOptions {
  feedId: string
  seq: number
  rules: Rules
  /** How long after a restore a guard may still decide whose row was lost. */
  holdAfterRestoreMs: number
}

/** One look of the barrier: whether somebody may still decide without the entry. */
export function readBarrier({ feedId, seq, rules, holdAfterRestoreMs }: BarrierOptions): Statement<BarrierView> {
  return (tables, dbNowMs) => {
    if (!rules.isBarrierKept) return 'in-force'
    // The entry may have been lost with the old feed: nobody can say that it is in force.
    if (tables.feedId !== feedId || tables.head < seq) return 'feed-changed'
    if (dbNowMs < tables.feedSinceMs + holdAfterRestoreMs) return 'held-up'
    for (const row of tables.guards.values()) if (rules.blocksRevocation(row, { seq, dbNowMs })) return 'held-up'
    return 'in-force'
  }
}

/** Deletes what no guard and no barrier needs: expired entries, and rows of guards long silent. */
export function purge(tables: Tables, { dbNowMs, keepRowsMs }: { dbNowMs: number; keepRowsMs: number }): void {
  tables.entries = tables.entries.filter(({ expiresAtMs }) => expiresAtMs > dbNowMs)
  for (const [guard, row] of tables.guards) if (row.leaseUntilMs + keepRowsMs < dbNowMs) tables.guards.delete(guard)
}
