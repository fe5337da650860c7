/** Acts when time passes: removes expired entries, closes streams of expired tokens, and notices the end of the lease. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@gatehouse/clock'
import { type Follower, feedNowMs, hasLease, removeExpired } from '@gatehouse/protocol'
import type { StreamTracker } from '../streams.ts'
import { createLoop, type Loop } from './loop.ts'

export interface ExpiryOptions {
  clock: Clock
  follower: () => Follower
  streams: StreamTracker
  /** How long after `exp` a token is accepted, in milliseconds. */
  toleranceMs: number
  /** The lease has ended. */
  onLapsed: () => void
  /** The guard has a lease again, or for the first time. */
  onRegained: () => void
}

export interface ExpiryWatch extends Loop {
  /** Checks the lease now instead of at the next tick. */
  checkLease(): void
}

const maxPauseMs = 1000
/** Removing this many entries takes well under a millisecond. */
const removedAtOnce = 2000

export function watchExpiry(options: ExpiryOptions): ExpiryWatch {
  const { clock, follower, streams, toleranceMs } = options
  let hadLease = false

  function checkLease(): void {
    const holdsLease = hasLease(follower(), { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
    if (hadLease && !holdsLease) options.onLapsed()
    if (!hadLease && holdsLease) options.onRegained()
    hadLease = holdsLease
    if (!holdsLease) streams.lapse()
  }

  /**
   * A token is accepted until the tolerance after its expiry, so streams and entries stay as long.
   */
  async function removeExpiredEntries(): Promise<void> {
    const { time, index } = follower()
    if (time === null) return
    const expiredAtMs = feedNowMs(time, clock.nowMs()) - toleranceMs
    streams.expire(expiredAtMs)
    while (removeExpired(index, { expiredAtMs, max: removedAtOnce }) === removedAtOnce) await nextTurn()
  }

  /**
   * Until the lease ends or the next stream expires, whichever comes first. The lease can be
   * extended in the meantime.
   */
  function pauseMs(): number {
    const { time, validUntil } = follower()
    const nowMs = clock.nowMs()
    const leaseLeftMs = validUntil.nowMs - nowMs
    const expiresInMs = time === null ? maxPauseMs : streams.nextExpiryMs() + toleranceMs - feedNowMs(time, nowMs)
    const nextMs = Math.min(maxPauseMs, leaseLeftMs > 0 ? leaseLeftMs : maxPauseMs, expiresInMs)
    return Math.max(1, Math.ceil(nextMs))
  }

  const loop = createLoop(async stopping => {
    while (!stopping.aborted) {
      checkLease()
      await removeExpiredEntries()
      await clock.sleep(pauseMs(), stopping)
    }
  })
  return { checkLease, ...loop }
}
