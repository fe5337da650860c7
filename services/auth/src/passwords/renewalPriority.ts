/** Gives renewals priority over log-ins: while renewals arrive, password hashing leaves one core free. */
import type { Clock } from '@gatehouse/clock'

export interface RenewalPriority {
  /** Call when a renewal arrives. */
  claim: () => void
  /** Whether a renewal arrived within the last 250 ms. */
  isClaimed: () => boolean
}

/** At four renewals a second or more the priority is claimed permanently. */
const claimMs = 250

export function createRenewalPriority(clock: Pick<Clock, 'nowMs'>): RenewalPriority {
  let untilMs = Number.NEGATIVE_INFINITY
  return {
    claim: () => {
      untilMs = clock.nowMs() + claimMs
    },
    isClaimed: () => clock.nowMs() < untilMs,
  }
}
