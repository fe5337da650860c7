/** A clock that runs faster than time, and jumps: minutes of backoff and expiry pass in milliseconds. */
import type { Clock } from '../src/index.ts'

export interface FastClock extends Clock {
  /** Both clocks move at once; sleeps that are then due end. */
  jump(ms: number): void
  /** Only the wall clock moves. */
  moveWall(ms: number): void
}

/** @param speed how many milliseconds of this clock pass in one real millisecond */
export function fastClock(speed: number): FastClock {
  const startMs = performance.now()
  let jumpedMs = 0
  let wallOffsetMs = Date.now()
  const sleepers = new Set<() => void>()
  const nowMs = () => (performance.now() - startMs) * speed + jumpedMs

  return {
    nowMs,
    wallMs: () => nowMs() + wallOffsetMs,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        const dueMs = nowMs() + ms
        let timer: NodeJS.Timeout | undefined
        const end = () => {
          clearTimeout(timer)
          sleepers.delete(check)
          signal?.removeEventListener('abort', abort)
        }
        const check = () => {
          clearTimeout(timer)
          const leftMs = dueMs - nowMs()
          if (leftMs > 0) {
            timer = setTimeout(check, leftMs / speed)
            return
          }
          end()
          resolve()
        }
        const abort = () => {
          end()
          resolve()
        }
        if (signal?.aborted) return abort()
        signal?.addEventListener('abort', abort)
        sleepers.add(check)
        check()
      }),
    jump(ms) {
      jumpedMs += ms
      for (const check of [...sleepers]) check()
    },
    moveWall(ms) {
      wallOffsetMs += ms
    },
  }
}
