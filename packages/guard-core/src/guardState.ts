/** The state that a guard reports: keys, lease, cursor, and what it holds in memory. */
import { entryCount, type Follower, feedNowMs, hasLease, type Instant } from '@gatehouse/protocol'
import type { GuardState } from './guardApi.ts'
import type { Keys } from './keys/publicKey.ts'
import type { StreamTracker } from './streams.ts'
import type { Verifier } from './verify/verifier.ts'

/** The feed's time in milliseconds since 1970; null before the first response. */
export function feedTimeOf({ time }: Follower, nowMs: number): number | null {
  return time === null ? null : feedNowMs(time, nowMs)
}

export function stateOf(
  follower: Follower,
  now: Instant,
  parts: { keys: Keys; streams: StreamTracker; verifier: Verifier },
): GuardState {
  const isLeased = hasLease(follower, now)
  const timeMs = feedTimeOf(follower, now.nowMs)
  return {
    hasKeys: parts.keys.isLoaded(),
    hasLease: isLeased,
    leaseLeftMs: isLeased ? follower.validUntil.nowMs - now.nowMs : 0,
    cursor: follower.cursor,
    entriesHeld: entryCount(follower.index),
    streamsOpen: parts.streams.size(),
    tokensCached: parts.verifier.size(),
    clockOffsetMs: timeMs === null ? null : now.wallMs - timeMs,
  }
}
