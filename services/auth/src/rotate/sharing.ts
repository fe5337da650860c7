/** Decides whether a retry shows that two clients hold the refresh token of one session. */
import { isIPv4 } from 'node:net'
import { addressKey } from '../rateLimits/addressKey.ts'

/** The rotation that the retry repeats. */
export interface FirstUse {
  /** Null for a token that has not been rotated. */
  address: string | null
  userAgent: string | null
  hasIdempotencyKey: boolean
}

export interface RetryInfo {
  address: string
  userAgent: string | null
  hasSameIdempotencyKey: boolean
}

export interface SharingEvidence {
  /**
   * `foreign`: another client. `same-place`: another request from the same network and agent, as of a second tab.
   * `none`: says nothing.
   */
  evidence: 'foreign' | 'same-place' | 'none'
  pair: string
}

/** Generations in a row after which the session counts as shared. */
export const sharedAfterGenerations = 5

/** The user agent is stored with each rotation, so it is cut. */
export function shortAgent(userAgent: string | null): string | null {
  return userAgent?.slice(0, 120) ?? null
}

/**
 * The same Idempotency-Key proves the same client, on whatever network. Without it, another network alone proves nothing,
 * because a phone changes networks; it counts when the first use had a key that the retry lacks. Another user agent counts
 * in any case. A proxy pool changes `pair` from request to request, so it completes no run of generations.
 */
export function sharingEvidence(first: FirstUse, retry: RetryInfo): SharingEvidence {
  const retryAgent = shortAgent(retry.userAgent)
  const [firstNetwork, retryNetwork] = [first.address ?? retry.address, retry.address].map(networkOf)
  const pair = JSON.stringify([firstNetwork, first.userAgent, retryNetwork, retryAgent])
  if (first.address === null || retry.hasSameIdempotencyKey) return { evidence: 'none', pair }
  const isOtherAgent = first.userAgent !== retryAgent
  const isOtherNetwork = firstNetwork !== retryNetwork
  if (!isOtherAgent && !isOtherNetwork) return { evidence: 'same-place', pair }
  return { evidence: isOtherAgent || first.hasIdempotencyKey ? 'foreign' : 'none', pair }
}

/** IPv4 by /24 and IPv6 by /64: neighbouring addresses often belong to one client or one proxy. */
function networkOf(address: string): string {
  return isIPv4(address) ? address.replace(/\.\d+$/, '.0/24') : addressKey(address)
}
