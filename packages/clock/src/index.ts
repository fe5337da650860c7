/** The clock: the only module that reads the time or waits. */

/**
 * Time for production code and tests. Code takes a clock as a parameter and never reads the time
 * elsewhere.
 */
export interface Clock {
  /**
   * Monotonic time in milliseconds, for durations and leases. It stops while the machine is
   * suspended.
   */
  nowMs(): number
  /** Wall-clock time in milliseconds since 1970. An operator or NTP can set it forward or back. */
  wallMs(): number
  /**
   * Waits.
   * @param ms the duration in milliseconds
   * @param signal ends the wait early
   * @returns a promise that resolves after the duration
   * @throws the reason of the signal, when it aborts first or has aborted already
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * The clock of this machine.
 * @example
 * const startedAtMs = systemClock.nowMs()
 * await systemClock.sleep(100)
 * const durationMs = systemClock.nowMs() - startedAtMs
 */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep,
}

/**
 * Replaces `node:timers/promises`, which creates an error with a stack trace for each aborted wait.
 */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const end = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}
