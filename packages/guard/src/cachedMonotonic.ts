/** The monotonic clock for those who ask a thousand times in a millisecond and must not be told too early a time. */
import type { Clock } from '@gatehouse/clock'

/** A millisecond of the wall clock lasts less than this, however the kernel slews it (adjtimex(2): ten per cent). */
const maxMillisecondMs = 2
/** Uses of one reading, for the case that somebody has stopped the wall clock. */
const maxUses = 64

/**
 * A reading costs as much as the rest of a decision, so one serves all who ask in the same millisecond of the wall clock.
 * @returns for a reading of the wall clock just taken: the monotonic time in milliseconds, or up to two later, never earlier
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
