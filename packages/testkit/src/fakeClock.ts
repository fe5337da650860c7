/** A clock that moves only when a test moves it. */
import type { Clock } from '@gatehouse/clock'

export interface FakeClock extends Clock {
  /** Time passes: both clocks move, and whoever slept long enough wakes, in the order in which they were due. */
  advance(ms: number): Promise<void>
  /** The machine was suspended: only the wall clock moved. */
  suspend(ms: number): void
  /** How many sleep now. */
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
        // What the sleeper does next belongs to its own moment, including the sleep it begins there.
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
  return [...sleepers].filter(({ dueMs }) => dueMs <= untilMs).sort((one, other) => one.dueMs - other.dueMs)[0]
}

/** Lets everything run that waits for promises only. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
