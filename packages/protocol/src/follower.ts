/**
 * A guard's side of the lease: it polls, applies, and decides from memory only while its lease is certain.
 *
 * Modes: `new` (no feed known, no cursor) -> `following` (cursor set). A lease comes only with the answer to the one
 * outstanding poll, is counted from before that poll was sent, and is never shortened: it runs out by itself.
 * A guard that must forget begins a new life under a new id, so that whatever the old id still claims only delays.
 */
import type { PollResponse } from '@gatehouse/contract'
import { applyEntry, createRevocationIndex, type RevocationIndex } from './revocationIndex.ts'

/** Both clocks of one instant. The wall clock only ever shortens a lease: a suspended machine stops the monotonic one. */
export interface Instant {
  nowMs: number
  wallMs: number
}

export interface Follower {
  feedId: string | null
  /** Every entry up to here is in the memory. */
  cursor: number | null
  index: RevocationIndex
  /** The last instant, exclusive, at which it may decide; by the monotonic clock and by the wall clock. */
  validUntil: Instant
  /** The outstanding poll: when it was about to be sent. An answer to any other is thrown away. */
  pendingPoll: Instant | null
}

export function createFollower(): Follower {
  const never = Number.NEGATIVE_INFINITY
  return {
    feedId: null,
    cursor: null,
    index: createRevocationIndex(),
    validUntil: { nowMs: never, wallMs: never },
    pendingPoll: null,
  }
}

/** The part of a poll that the protocol decides. */
export type PollCursor = { feedId: string; after: number } | Record<string, never>

/** Begins a poll; the one before it, if it was not answered, is given up. */
export function beginPoll(follower: Follower, now: Instant): { pollCursor: PollCursor; sentAt: Instant } {
  const sentAt = { ...now }
  follower.pendingPoll = sentAt
  const { feedId, cursor } = follower
  return { pollCursor: feedId === null || cursor === null ? {} : { feedId, after: cursor }, sentAt }
}

/** The outstanding poll failed or took too long: whatever it may still answer is not believed. */
export function abandonPoll(follower: Follower): void {
  follower.pendingPoll = null
}

/** What became of an answer: `ignored` was given up on; `restart` means that the guard must begin a new life. */
export type AppliedResponse = 'ignored' | 'applied' | 'restart'

/**
 * Applies the answer to a poll, then extends the lease: in this order, so that no instant has the lease without the entries.
 * @param sentAt what `ask` returned for this poll
 */
export function applyResponse(follower: Follower, sentAt: Instant, response: PollResponse): AppliedResponse {
  if (follower.pendingPoll !== sentAt) return 'ignored'
  follower.pendingPoll = null
  const hasFeedChanged = follower.feedId !== null && follower.feedId !== response.feedId
  if (hasFeedChanged || (follower.cursor !== null && response.head < follower.cursor)) return 'restart'

  for (const entry of response.entries) applyEntry(follower.index, entry)
  const last = response.entries.at(-1)
  follower.feedId = response.feedId
  follower.cursor = response.more ? (last?.seq ?? follower.cursor) : response.head
  if (!response.more && response.leaseMs > 0) extendLease(follower.validUntil, sentAt, response.leaseMs)
  return 'applied'
}

function extendLease(validUntil: Instant, sentAt: Instant, leaseMs: number): void {
  validUntil.nowMs = Math.max(validUntil.nowMs, sentAt.nowMs + leaseMs)
  // Not the larger of the two: the wall clock may have been set back, and then the older limit means nothing.
  validUntil.wallMs = sentAt.wallMs + leaseMs
}

/** Whether the guard may decide at this instant. Where it may not, it does not know: 503, never 401. */
export function mayDecide(follower: Follower, now: Instant): boolean {
  return now.nowMs < follower.validUntil.nowMs && now.wallMs < follower.validUntil.wallMs
}
