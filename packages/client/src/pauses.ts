/** Pauses between attempts, within the time limit. */
import type { ProblemError } from './errors.ts'
import type { Core } from './session.ts'

/**
 * @returns a function that waits before the next attempt and then returns 0: as long as the answer asks for, or exponentially;
 * with jitter. If the attempt would come after the time limit, it does not wait, and returns the time of that attempt
 */
export function createPauses({ clock, timeLimitMs }: Core) {
  const giveUpAtMs = clock.nowMs() + timeLimitMs
  let attempt = 0
  return async (problem: ProblemError | undefined, signal: AbortSignal): Promise<number> => {
    const waitMs = (problem?.retryAfterMs ?? Math.min(500 * 2 ** attempt++, 8000)) * (1 + Math.random() / 4)
    const untilMs = clock.nowMs() + waitMs
    if (untilMs > giveUpAtMs) return untilMs
    // A signal of its own for each pause, since listeners stay on a signal.
    await clock.sleep(waitMs, AbortSignal.any([signal]))
    return 0
  }
}
