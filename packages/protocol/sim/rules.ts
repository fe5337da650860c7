/** The functions and orders under test in one table, so that a mutation can replace one of them. */
import {
  abandonPoll,
  applyEntry,
  applyResponse,
  beginPoll,
  blocksRevocation,
  decidePoll,
  explainRotation,
  type Follower,
  feedNowMs,
  hasLease,
  type Instant,
  lookup,
  removeExpired,
} from '../src/index.ts'

/** What is not a function but an order of steps that replicas, guards and operators must keep. */
export interface Order {
  /** A replica commits the row before it reads the entries. */
  isRowFirst: boolean
  /** A replica reads the head in the same snapshot as the entries. */
  isOneSnapshot: boolean
  /** A guard applies the entries of a response before it sends the cursor. */
  isAppliedFirst: boolean
  isBarrierKept: boolean
  /** A guard that starts again has a new id. */
  isIdFresh: boolean
  /** Replicas notice that the database has another history, as after a fail-over that lost the last commits. */
  isHistoryChecked: boolean
  /** The feed then gets a new id. */
  isFeedRenewed: boolean
  /** After that, barriers wait one whole lease. */
  isBarrierHeld: boolean
  /** A key signs only when every live guard holds it. */
  isKeyHeldFirst: boolean
  /** The share of its retention for which an entry is kept. */
  retentionShare: number
  /** No epoch is given out twice, even when the database is restored. */
  nextEpoch: (epoch: number, dbNowMs: number) => number
  /** A guard decides again immediately before the handler, when the body has been read. */
  isDecidedAgain: boolean
  /**
   * The time by which a guard judges tokens and removes entries; null before the first response.
   */
  guardTimeMs: (follower: Follower, now: Instant) => number | null
}

/** The functions that the services run. */
const shipping = {
  beginPoll,
  explainRotation,
  removeExpired,
  abandonPoll,
  blocksRevocation,
  decidePoll,
  applyEntry,
  hasLease,
  applyResponse,
  lookup,
}
export type Functions = typeof shipping
export type Rules = Functions & Order

export const rules: Rules = {
  ...shipping,
  isRowFirst: true,
  isOneSnapshot: true,
  isAppliedFirst: true,
  isBarrierKept: true,
  isIdFresh: true,
  isHistoryChecked: true,
  isFeedRenewed: true,
  isBarrierHeld: true,
  isKeyHeldFirst: true,
  retentionShare: 1,
  isDecidedAgain: true,
  nextEpoch: (epoch, dbNowMs) => Math.max(epoch + 1, Math.floor(dbNowMs)),
  guardTimeMs: ({ time }, { nowMs }) => (time === null ? null : feedNowMs(time, nowMs)),
}
