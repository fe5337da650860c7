/** The one place that asks the time or waits. */

export interface Clock {
  /** Monotonic time in milliseconds: for durations and leases. It stands still while the machine is suspended. */
  nowMs(): number
  /** Wall-clock time in milliseconds since 1970: for comparing with the times inside tokens. */
  wallMs(): number
  /**
   * Waits.
   * @param ms how long, in milliseconds
   * @param signal ends the wait early: the promise then rejects with the signal's reason
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep,
}

/** Not by `node:timers/promises`, which makes an error of its own, with a stack, whenever a wait is ended. */
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
