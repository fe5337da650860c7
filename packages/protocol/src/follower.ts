/**
 * A guard's side of the lease: it polls, applies entries, and decides from memory while it holds a
 * lease.
 *
 * A follower is new (no feed, no cursor) until its first response, and follows from then on. A
 * lease comes only with the response to the pending poll and is counted from before that poll was
 * sent. A lease is never shortened; it ends with time. A guard that must discard its entries starts
 * again with a new follower and a new id: the row of the old id can only delay a barrier.
 */
import type { PollResponse } from '@gatehouse/contract'
import { advanceFeedTime, type FeedTime } from './feedTime.ts'
import { applyEntry, createRevocationIndex, type RevocationIndex } from './revocationIndex.ts'

/**
 * Both clocks of a host at one instant. The wall clock only shortens a lease, since a suspended
 * machine stops the monotonic one.
 */
export interface Instant {
  /** Monotonic time in milliseconds. */
  nowMs: number
  /** Wall-clock time in milliseconds since 1970. */
  wallMs: number
}

/** The state of a guard. */
export interface Follower {
  feedId: string | null
  /** The follower has applied every entry up to this number. */
  cursor: number | null
  index: RevocationIndex
  /** The end of the lease, exclusive, by the monotonic clock and by the wall clock. */
  validUntil: Instant
  /** The instant before the pending poll was sent. The response to any other poll is ignored. */
  pendingPoll: Instant | null
  /** The time of the feed; null before the first response. */
  time: FeedTime | null
}

/** @returns a follower without a feed, a lease and entries */
export function createFollower(): Follower {
  const never = Number.NEGATIVE_INFINITY
  return {
    feedId: null,
    cursor: null,
    index: createRevocationIndex(),
    validUntil: { nowMs: never, wallMs: never },
    pendingPoll: null,
    time: null,
  }
}

/** The part of a poll request that the protocol decides; empty for a first poll. */
export type PollCursor = { feedId: string; after: number } | Record<string, never>

/**
 * Begins a poll. A pending poll is abandoned.
 * @param follower the guard's state
 * @param now both clocks, read before the poll is sent
 * @returns what to send, and the instant to pass to `applyResponse`
 */
export function beginPoll(follower: Follower, now: Instant): { pollCursor: PollCursor; sentAt: Instant } {
  const sentAt = { ...now }
  follower.pendingPoll = sentAt
  const { feedId, cursor } = follower
  return { pollCursor: feedId === null || cursor === null ? {} : { feedId, after: cursor }, sentAt }
}

/**
 * Abandons the pending poll, which failed or timed out. A response that still arrives is ignored.
 * @param follower the guard's state
 */
export function abandonPoll(follower: Follower): void {
  follower.pendingPoll = null
}

/**
 * `ignored`: the poll was abandoned. `restart`: the feed has changed, so the guard must start again
 * with a new follower.
 */
export type AppliedResponse = 'ignored' | 'applied' | 'restart'

/**
 * Applies the response to a poll: first the entries, then the cursor, then the lease, so that the
 * lease never covers an entry that is not applied.
 * @param follower the guard's state
 * @param response the feed's response
 * @param times the instant that `beginPoll` returned for this poll, and the monotonic time when the
 *   response was received
 */
export function applyResponse(
  follower: Follower,
  response: PollResponse,
  { sentAt, receivedAtMs }: { sentAt: Instant; receivedAtMs: number },
): AppliedResponse {
  if (follower.pendingPoll !== sentAt) return 'ignored'
  follower.pendingPoll = null
  const hasFeedChanged = follower.feedId !== null && follower.feedId !== response.feedId
  if (hasFeedChanged || (follower.cursor !== null && response.head < follower.cursor)) return 'restart'

  // An older entry of a subject would replace the newer one, so a repeated entry is not applied again.
  const cursor = follower.cursor ?? -1
  for (const entry of response.entries) if (entry.seq > cursor) applyEntry(follower.index, entry)
  const last = response.entries.at(-1)
  follower.feedId = response.feedId
  follower.cursor = response.more ? (last?.seq ?? follower.cursor) : response.head
  follower.time = advanceFeedTime(follower.time, { dbNowMs: response.dbNowMs, receivedAtMs })
  if (!response.more && response.leaseMs > 0) extendLease(follower.validUntil, sentAt, response.leaseMs)
  return 'applied'
}

function extendLease(validUntil: Instant, sentAt: Instant, leaseMs: number): void {
  validUntil.nowMs = Math.max(validUntil.nowMs, sentAt.nowMs + leaseMs)
  // Not the maximum: after the wall clock was set back, the older limit has no meaning.
  validUntil.wallMs = sentAt.wallMs + leaseMs
}

/**
 * Whether the guard holds a lease, so that its entries are complete. Without a lease the answer is
 * 503, never 401.
 * @param follower the guard's state
 * @param now both clocks
 */
export function hasLease(follower: Follower, now: Instant): boolean {
  return now.nowMs < follower.validUntil.nowMs && now.wallMs < follower.validUntil.wallMs
}
