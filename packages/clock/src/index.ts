/** The one place that asks the time or waits. */
import { setTimeout as delay } from 'node:timers/promises'

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
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  },
}
