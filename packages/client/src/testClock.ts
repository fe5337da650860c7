/** A clock that moves only when a test moves it. */
import type { Clock } from './types.ts'

export interface TestClock extends Clock {
  /** Both clocks move; sleeps that are due end in their order. */
  advance(ms: number): Promise<void>
  /** Only the wall clock moves: the machine was suspended, or the user changed the time. */
  moveWall(ms: number): void
}

export function createTestClock(): TestClock {
  const sleepers = new Set<{ dueMs: number; wake(): void }>()
  let nowMs = 0
  let aheadMs = 1.8e12

  return {
    nowMs: () => nowMs,
    wallMs: () => aheadMs + nowMs,
    moveWall(ms) {
      aheadMs += ms
    },
    sleep: (ms, signal) =>
      new Promise(resolve => {
        const sleeper = { dueMs: nowMs + ms, wake: resolve }
        const abort = () => {
          sleepers.delete(sleeper)
          resolve()
        }
        if (signal?.aborted) return abort()
        sleepers.add(sleeper)
        signal?.addEventListener('abort', abort)
      }),
    async advance(ms) {
      const untilMs = nowMs + ms
      await settled()
      for (;;) {
        const [next] = [...sleepers]
          .filter(({ dueMs }) => dueMs <= untilMs)
          .sort((left, right) => left.dueMs - right.dueMs)
        if (!next) break
        sleepers.delete(next)
        nowMs = Math.max(nowMs, next.dueMs)
        next.wake()
        await settled()
      }
      nowMs = untilMs
      await settled()
    },
  }
}

/** Lets everything run that waits for promises only; bodies of `Response` take a few turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setTimeout(resolve))
}
