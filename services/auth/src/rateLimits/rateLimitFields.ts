/** The `RateLimit` fields of an answer (draft-ietf-httpapi-ratelimit-headers): how many more calls, and until when. */

export interface Allowance {
  /** What is limited, in a word. */
  policy: string
  quota: number
  windowSeconds: number
  remaining: number
  /** Until the quota is whole again. */
  resetMs: number
}

export function rateLimitFields(allowance: Allowance): { ratelimit: string; 'ratelimit-policy': string } {
  const { policy, quota, windowSeconds, remaining, resetMs } = allowance
  return {
    'ratelimit-policy': `"${policy}";q=${quota};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=${Math.max(0, remaining)};t=${Math.max(0, Math.ceil(resetMs / 1000))}`,
  }
}
