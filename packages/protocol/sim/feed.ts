/** A replica's statements about the feed: what a poll writes and reads, and what a barrier reads. */
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

/**
 * Writes the guard's row.
 * @returns the granted lease, or that the guard's cursor belongs to another feed
 */
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

/** One statement reads one snapshot, so a page with `head` has every entry up to it. */
export function readPage(after: number, pageSize: number): Statement<Page> {
  return ({ feedId, head, entries }, dbNowMs) => {
    const live = entries.filter(({ seq, expiresAtMs }) => seq > after && expiresAtMs > dbNowMs)
    return { feedId, head, dbNowMs, maxToleranceMs: 0, entries: live.slice(0, pageSize), more: live.length > pageSize }
  }
}

export type BarrierView = 'in-force' | 'blocked' | 'feed-changed' | 'history-changed'

export interface BarrierOptions {
  feedId: string
  seq: number
  rules: Rules
}

/** Reads once for a barrier: does a guard hold a lease without the entry? */
export function readBarrier({ feedId, seq, rules }: BarrierOptions): Statement<BarrierView> {
  return (tables, dbNowMs) => {
    if (!rules.isBarrierKept) return 'in-force'
    if (rules.isHistoryChecked && tables.history !== tables.timeline) return 'history-changed'
    // The entry may have been lost with the old feed, so the barrier cannot say that it is in
    // force.
    if (tables.feedId !== feedId || tables.head < seq) return 'feed-changed'
    if (dbNowMs < tables.holdUntilMs) return 'blocked'
    for (const row of tables.guards.values())
      if (rules.blocksRevocation(row, { feedId, seq, dbNowMs })) return 'blocked'
    return 'in-force'
  }
}

/**
 * Gives the feed a new identity when the server has another history than the feed, and holds barriers for one lease.
 * @param delayMs how long before its commit the statement reads the time
 */
export function adoptHistory(
  { rules, durations }: { rules: Rules; durations: Durations },
  delayMs: number,
): Statement<boolean> {
  return (tables, dbNowMs) => {
    if (tables.history === tables.timeline || !rules.isHistoryChecked) return false
    const { leaseMs, marginMs } = durations.lease
    tables.history = tables.timeline
    tables.feedSinceMs = dbNowMs
    const stampMs = Math.max(tables.promotedAtMs, dbNowMs - delayMs)
    tables.holdUntilMs = rules.isBarrierHeld ? stampMs + leaseMs + marginMs : dbNowMs
    if (rules.isFeedRenewed) tables.feedId = `feed-${tables.timeline}`
    return true
  }
}

/** Deletes expired entries, and rows of guards whose lease ended long ago. */
export function purge(tables: Tables, { dbNowMs, keepRowsMs }: { dbNowMs: number; keepRowsMs: number }): void {
  tables.entries = tables.entries.filter(({ expiresAtMs }) => expiresAtMs > dbNowMs)
  for (const [guard, row] of tables.guards) if (row.leaseUntilMs + keepRowsMs < dbNowMs) tables.guards.delete(guard)
}
