/** The `RateLimit` header fields of a response (draft-ietf-httpapi-ratelimit-headers). */

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
