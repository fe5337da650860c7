/** Limits how often a message is logged. */
import type { Clock } from '@gatehouse/clock'

/** Requests can repeat a mistake thousands of times a second. */
export function atMostOncePerMinute(clock: Clock, run: (why: string) => void): (why: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY
  return why => {
    const nowMs = clock.nowMs()
    if (nowMs - lastMs < 60_000) return
    lastMs = nowMs
    run(why)
  }
}
