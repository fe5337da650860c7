/** The clock of the platform. */
import type { Clock } from './types.ts'

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: Date.now,
  sleep: (ms, signal) =>
    new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
