/**
 * An auth replica's side of the lease: what a poll writes, and which guards a revocation waits for.
 *
 * Order is the proof. A poll's row is committed first and the entries are read after it; a revocation commits its entry
 * first and looks for rows after it. So either the barrier sees the row, or the reading that follows sees the entry.
 */

export interface LeaseRules {
  /** How long a guard may decide after the instant before its poll was sent. */
  leaseMs: number
  /** How much longer the row says so: what clocks of different rates may differ by. */
  marginMs: number
  /** The most entries in one answer. */
  pageSize: number
}

export interface GuardRow {
  cursor: number
  leaseUntilMs: number
}

export interface Poll {
  feedId?: string | undefined
  after?: number | undefined
}

/** The feed and the database's clock as the statement that judges a poll sees them. */
export interface FeedState {
  feedId: string
  head: number
  dbNowMs: number
  rules: LeaseRules
  /** When the first entry beyond the poll's `after` was committed; absent when there is none, or when it is not known. */
  behindSinceMs?: number | undefined
}

export type PollDecision =
  | { kind: 'feed-changed' }
  | { kind: 'write'; row: GuardRow; isLeased: boolean; leaseMs: number }

/**
 * What one poll writes. `services/auth/src/store/writePolls.ts` says the same as one statement, and a test holds them together.
 * @param state the feed and the database's clock as the statement sees them
 */
export function decidePoll(poll: Poll, row: GuardRow | null, state: FeedState): PollDecision {
  const { feedId, head, dbNowMs, rules } = state
  // Only a first poll makes a row: one that is carried out after its guard has left must not bring the row back.
  const isKnown = row !== null && poll.feedId === feedId && (poll.after ?? 0) <= head
  if (poll.after !== undefined && !isKnown) return { kind: 'feed-changed' }
  const after = poll.after ?? 0
  const previous = row ?? { cursor: 0, leaseUntilMs: dbNowMs }
  const mayLease = poll.after !== undefined && head - after <= rules.pageSize
  const leaseMs = mayLease ? maxLeaseMs(state) : 0
  const isLeased = leaseMs > 0
  // Neither ever goes back: a poll that was abandoned and executed late must not shorten a lease that a later one obtained.
  const leaseUntilMs = Math.max(previous.leaseUntilMs, isLeased ? dbNowMs + leaseMs + rules.marginMs : 0)
  const cursor = Math.max(previous.cursor, after)
  return { kind: 'write', isLeased, leaseMs, row: { cursor, leaseUntilMs } }
}

/**
 * No lease ends later than a whole one counted from the commit of the first entry that the guard lacks: so a barrier ends
 * within one lease, however often its answers are lost, and a guard that keeps up loses only milliseconds of it.
 */
function maxLeaseMs({ dbNowMs, rules, behindSinceMs = dbNowMs }: FeedState): number {
  return Math.max(0, Math.floor(rules.leaseMs - Math.max(0, dbNowMs - behindSinceMs)))
}

/** Whether a revocation must still wait for this guard: it may decide, and does not hold the entry. */
export function blocksRevocation(
  guard: Pick<GuardRow, 'cursor' | 'leaseUntilMs'>,
  entry: { seq: number; dbNowMs: number },
): boolean {
  return guard.leaseUntilMs > entry.dbNowMs && guard.cursor < entry.seq
}
