/** The functions under test, in one table, so that a mutation can replace one of them. */
import {
  abandonPoll,
  applyEntry,
  applyResponse,
  beginPoll,
  blocksRevocation,
  decidePoll,
  explainRotation,
  lookup,
  mayDecide,
  removeExpired,
} from '../src/index.ts'

/** What is not a function of ours but an order of steps that replicas, guards and operators must keep. */
export interface Order {
  /** The row is committed before the entries are read. */
  isRowFirst: boolean
  /** The head is read in the same snapshot as the entries. */
  isOneSnapshot: boolean
  /** An answer's entries are applied before its cursor is sent. */
  isAppliedFirst: boolean
  isBarrierKept: boolean
  /** Each life of a guard has an id of its own. */
  isIdFresh: boolean
  /** A restored database, or one that may lack the last commits, gets a new feed id. */
  isFeedRenewed: boolean
  /** After it, barriers wait a whole lease. */
  isBarrierHeldAfterRestore: boolean
  /** What share of its retention an entry is kept for. */
  retentionShare: number
  /** Epochs never come back, not even when the database is restored. */
  nextEpoch: (epoch: number, dbNowMs: number) => number
}

export const shipping = {
  beginPoll,
  explainRotation,
  removeExpired,
  abandonPoll,
  blocksRevocation,
  decidePoll,
  applyEntry,
  mayDecide,
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
  isFeedRenewed: true,
  isBarrierHeldAfterRestore: true,
  retentionShare: 1,
  nextEpoch: (epoch, dbNowMs) => Math.max(epoch + 1, Math.floor(dbNowMs)),
}
