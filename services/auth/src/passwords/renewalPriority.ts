/** Renewals go before log-ins: while some are coming in, hashing leaves them a core. */
import type { Clock } from '@gatehouse/clock'

export interface RenewalPriority {
  /** A renewal is here. */
  claim: () => void
  /** One was here a moment ago, so others will be. */
  isClaimed: () => boolean
}

/** From four renewals a second on it is always claimed. */
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
