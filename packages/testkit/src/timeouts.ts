/** Waiting for events in tests, with one time limit. */
import { setTimeout as delay } from 'node:timers/promises'

/** In milliseconds. Far longer than any event takes on a loaded machine: only a hang reaches it. */
export const eventTimeoutMs = 120_000

/**
 * Polls until the condition is true, where no event is available; an error counts as false.
 * @throws {Error} with `what` after the time limit, caused by the last error
 */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what = 'the condition',
  timeoutMs = eventTimeoutMs,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let cause: unknown; ; await delay(5)) {
    try {
      if (await condition()) return
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) throw new Error(`not reached within ${timeoutMs} ms: ${what}`, { cause })
  }
}
