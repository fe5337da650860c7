/** Does what time brings: forgets what has expired, closes streams whose token or whose lease has run out. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@gatehouse/clock'
import { type Follower, mayDecide, removeExpired } from '@gatehouse/protocol'
import type { StreamTracker } from '../streams.ts'

export interface ExpiryOptions {
  clock: Clock
  follower: () => Follower
  streams: StreamTracker
  toleranceMs: number
  onLapsed: () => void
  onRegained: () => void
}

export interface ExpiryWatch {
  /** Looks at the lease now, instead of at the next tick. */
  checkLease(): void
  start(): void
  stop(): Promise<void>
}

const maxPauseMs = 1000
/** Few enough to take well under a millisecond. */
const removedAtOnce = 2000

export function watchExpiry(options: ExpiryOptions): ExpiryWatch {
  const { clock, follower, streams, toleranceMs } = options
  const stopping = new AbortController()
  let hadLease = false
  let loop: Promise<void> = Promise.resolve()

  function checkLease(): void {
    const hasLease = mayDecide(follower(), { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
    if (hadLease && !hasLease) options.onLapsed()
    if (!hadLease && hasLease) options.onRegained()
    hadLease = hasLease
    if (!hasLease) streams.lapse()
  }

  /** A token is accepted a little beyond its expiry, so its stream and the revocations that cover it stay as long. */
  async function removeExpiredEntries(): Promise<void> {
    const wallMs = clock.wallMs() - toleranceMs
    streams.expire(wallMs)
    while (removeExpired(follower().index, { wallMs, max: removedAtOnce }) === removedAtOnce) await nextTurn()
  }

  /** Until the lease runs out or the next stream expires, whichever is first; leases are extended meanwhile. */
  function pauseMs(): number {
    const leaseLeftMs = follower().validUntil.nowMs - clock.nowMs()
    const expiresInMs = streams.nextExpiryMs() + toleranceMs - clock.wallMs()
    const nextMs = Math.min(maxPauseMs, leaseLeftMs > 0 ? leaseLeftMs : maxPauseMs, expiresInMs)
    return Math.max(1, Math.ceil(nextMs))
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      checkLease()
      await removeExpiredEntries()
      await clock.sleep(pauseMs(), stopping.signal)
    }
  }

  return {
    checkLease,
    start() {
      loop = run().catch(error => {
        if (!stopping.signal.aborted) throw error
      })
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      await loop
    },
  }
}
