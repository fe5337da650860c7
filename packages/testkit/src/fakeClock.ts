/** A clock that a test advances. */
import type { Clock } from '@gatehouse/clock'

export interface FakeClock extends Clock {
  /** Advances both clocks and ends the sleeps that become due, in the order of their due times. */
  advance(ms: number): Promise<void>
  /** Advances the wall clock only, as when the machine was suspended. */
  suspend(ms: number): void
  /** The number of pending sleeps. */
  sleepers(): number
}

interface Sleeper {
  dueMs: number
  wake(): void
}

export function fakeClock({ wallMs }: { wallMs: number }): FakeClock {
  const time = { nowMs: 0, wallMs }
  const sleepers = new Set<Sleeper>()

  function moveTo(nowMs: number): void {
    time.wallMs += nowMs - time.nowMs
    time.nowMs = nowMs
  }

  return {
    nowMs: () => time.nowMs,
    wallMs: () => time.wallMs,
    sleepers: () => sleepers.size,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      if (ms <= 0) return
      await new Promise<void>((resolve, reject) => {
        const sleeper: Sleeper = { dueMs: time.nowMs + ms, wake: () => end(resolve) }
        const onAbort = () => end(() => reject(signal?.reason))
        const end = (settle: () => void) => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          settle()
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', onAbort)
      })
    },
    async advance(ms) {
      const untilMs = time.nowMs + ms
      for (let next = earliest(sleepers, untilMs); next; next = earliest(sleepers, untilMs)) {
        moveTo(next.dueMs)
        next.wake()
        // Runs the continuation at this time, including a sleep that it starts.
        await settled()
      }
      moveTo(untilMs)
      await settled()
    },
    suspend(ms) {
      time.wallMs += ms
    },
  }
}

function earliest(sleepers: ReadonlySet<Sleeper>, untilMs: number): Sleeper | undefined {
  return [...sleepers].filter(({ dueMs }) => dueMs <= untilMs).sort((left, right) => left.dueMs - right.dueMs)[0]
}

/** Runs the pending microtasks. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
