/** A cached reading of the monotonic clock, for code that reads it many times in a millisecond. */
import type { Clock } from '@gatehouse/clock'

/**
 * An upper bound for the true length of a wall-clock millisecond: the kernel slews by at most 10 %
 * (adjtimex(2)).
 */
const maxMillisecondMs = 2
/** The maximum number of uses of one reading, in case the wall clock has been stopped. */
const maxUses = 64

/**
 * Creates a cached monotonic clock. A reading costs as much as the rest of a decision, so all
 * decisions within one millisecond of the wall clock share a reading.
 * @param clock the clocks of the host
 * @returns a function that takes a wall-clock reading just taken, and returns the monotonic time or
 *   up to 2 ms more, never less
 * @see docs/decisions/0026-the-monotonic-clock-is-cached-for-a-millisecond.md
 */
export function cachedMonotonic(clock: Clock): (wallMs: number) => number {
  let readAtWallMs = Number.NaN
  let latestMs = 0
  let uses = 0
  return wallMs => {
    if (wallMs !== readAtWallMs || uses === maxUses) {
      readAtWallMs = wallMs
      latestMs = clock.nowMs() + maxMillisecondMs
      uses = 0
    }
    uses += 1
    return latestMs
  }
}
