/** The `RateLimit` header fields of a response (draft-ietf-httpapi-ratelimit-headers), and the problem that carries them. */
import { ProblemError } from '@gatehouse/contract'

export interface Allowance {
  /** Name of the policy. */
  policy: string
  quota: number
  windowSeconds: number
  remaining: number
  /** Time until the whole quota is available again. */
  resetMs: number
}

export function rateLimitFields(allowance: Allowance): { ratelimit: string; 'ratelimit-policy': string } {
  const { policy, quota, windowSeconds, remaining, resetMs } = allowance
  return {
    'ratelimit-policy': `"${policy}";q=${quota};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=${Math.max(0, remaining)};t=${Math.max(0, Math.ceil(resetMs / 1000))}`,
  }
}

/**
 * @param limit the limit that is used up, and when its window ends
 * @param why for the log
 */
export function rateLimited(limit: Omit<Allowance, 'remaining'>, why: string): ProblemError {
  const headers = rateLimitFields({ ...limit, remaining: 0 })
  return new ProblemError('rate-limited', why, { retryAfterSeconds: limit.resetMs / 1000, headers })
}
