/**
 * An auth replica's side of the lease: what a poll writes, and which guards a revocation waits for.
 *
 * The proof rests on the order of steps. A poll commits the guard's row and then reads the entries.
 * A revocation commits its entry and then reads the rows. So either the barrier reads the row, or
 * the poll reads the entry.
 */

/** The configuration of leases. */
export interface LeaseRules {
  /**
   * The duration of a lease, counted from the instant before the poll was sent, in milliseconds.
   */
  leaseMs: number
  /**
   * How much longer the row holds the lease, in milliseconds: the allowance for clocks of different
   * rates.
   */
  marginMs: number
  /** The maximum number of entries in one response. */
  pageSize: number
}

/** The stored state of a guard. */
export interface GuardRow {
  /** The feed that the cursor belongs to: another feed gives its numbers to other entries. */
  feedId: string
  /** The guard has acknowledged every entry up to this number. */
  cursor: number
  /** The end of the lease by the database's clock, in milliseconds since 1970. */
  leaseUntilMs: number
}

/** The part of a poll that decides what is written. */
export interface Poll {
  feedId?: string | undefined
  after?: number | undefined
}

/** The feed and the database's clock, read in the statement that writes the guard's row. */
export interface FeedState {
  feedId: string
  head: number
  dbNowMs: number
  rules: LeaseRules
  /** The commit time of the first entry beyond `after`; absent when there is none. */
  behindSinceMs?: number | undefined
}

/** What a poll writes, or that its cursor belongs to another feed. */
export type PollDecision =
  | { kind: 'feed-changed' }
  | { kind: 'write'; row: GuardRow; isLeased: boolean; leaseMs: number }

/**
 * Decides what a poll writes. The statement in `services/auth/src/store/writePolls.ts` implements
 * the same rules, and a test compares the two.
 * @param poll the feed and the cursor that the guard sent
 * @param row the guard's row; null when there is none
 * @param state the feed and the database's clock
 */
export function decidePoll(poll: Poll, row: GuardRow | null, state: FeedState): PollDecision {
  const { feedId, head, dbNowMs, rules } = state
  // Only a first poll creates a row: a poll that executes after its guard has left must not restore
  // the row.
  const isKnown = row !== null && row.feedId === feedId && poll.feedId === feedId && (poll.after ?? 0) <= head
  if (poll.after !== undefined && !isKnown) return { kind: 'feed-changed' }
  const after = poll.after ?? 0
  const previous = { cursor: row?.feedId === feedId ? row.cursor : 0, leaseUntilMs: row?.leaseUntilMs ?? dbNowMs }
  const mayLease = poll.after !== undefined && head - after <= rules.pageSize
  const leaseMs = mayLease ? maxLeaseMs(state) : 0
  const isLeased = leaseMs > 0
  // Neither value decreases: an abandoned poll that executes late must not shorten the lease of a
  // later poll.
  const leaseUntilMs = Math.max(previous.leaseUntilMs, isLeased ? dbNowMs + leaseMs + rules.marginMs : 0)
  const cursor = Math.max(previous.cursor, after)
  return { kind: 'write', isLeased, leaseMs, row: { feedId, cursor, leaseUntilMs } }
}

/**
 * The lease ends at the latest one lease duration after the commit of the first entry that the
 * guard lacks. So a barrier ends within one lease duration even if responses are lost, and a guard
 * that keeps up loses only milliseconds.
 */
function maxLeaseMs({ dbNowMs, rules, behindSinceMs = dbNowMs }: FeedState): number {
  return Math.max(0, Math.floor(rules.leaseMs - Math.max(0, dbNowMs - behindSinceMs)))
}

/**
 * Whether a revocation must wait for this guard: it holds a lease and has not acknowledged the
 * entry in this feed.
 * @param guard the guard's row
 * @param entry the number of the entry, its feed, and the database's time
 */
export function blocksRevocation(guard: GuardRow, entry: { feedId: string; seq: number; dbNowMs: number }): boolean {
  const hasEntry = guard.feedId === entry.feedId && guard.cursor >= entry.seq
  return guard.leaseUntilMs > entry.dbNowMs && !hasEntry
}
