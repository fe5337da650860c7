/** A clock that stands still until the test moves it. */
import type { Clock } from '@gatehouse/clock'

export interface HandClock extends Clock {
  /** Both clocks go on, and the waits that are over end. */
  advance(ms: number): void
  /** The machine sleeps: only the wall clock goes on. */
  suspend(ms: number): void
}

interface Sleeper {
  atMs: number
  wake: () => void
}

export function handClock({ wallMs }: { wallMs: number }): HandClock {
  const at = { nowMs: 0, wallMs }
  const sleepers = new Set<Sleeper>()
  return {
    nowMs: () => at.nowMs,
    wallMs: () => at.wallMs,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const stop = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper = {
          atMs: at.nowMs + ms,
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', stop)
            resolve()
          },
        }
        signal?.addEventListener('abort', stop)
        sleepers.add(sleeper)
      })
    },
    advance(ms) {
      at.nowMs += ms
      at.wallMs += ms
      for (const sleeper of [...sleepers]) if (sleeper.atMs <= at.nowMs) sleeper.wake()
    },
    suspend(ms) {
      at.wallMs += ms
    },
  }
}
