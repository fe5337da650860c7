/** Caches verified tokens. Only valid tokens enter, so invalid ones cannot evict them. */
import type { PublicKey } from '../keys/publicKey.ts'
import type { Rule } from './authorize.ts'
import type { Caller } from './claims.ts'

/** A verified token. */
export interface VerifiedToken {
  /** The whole Authorization header, which another request must repeat to be found. */
  readonly authorization: string
  readonly key: PublicKey
  readonly caller: Caller
  /** The claim, in seconds since 1970, copied here so that the hot path reads one object. */
  readonly iat: number
  readonly exp: number
  /**
   * The last rule that the token passed, with the revision of the entries and the wall-clock time
   * of that decision.
   */
  passedRule: Rule | null
  passedRevision: number
  passedAtWallMs: number
}

/** How many of the oldest entries an addition checks. */
const checkedPerAddition = 2

export interface TokenCache {
  get(authorization: string, timeMs: number): VerifiedToken | undefined
  /**
   * Adds a token, and removes a few expired ones, so that the cache holds little more than the
   * tokens of one lifetime.
   */
  set(token: VerifiedToken, timeMs: number): void
  size(): number
}

/**
 * Creates the cache. Its key is a number made from the last characters of the token, which are
 * random: hashing all 700 characters of a received header costs 1.0 us, more than the rest of a
 * decision. A hit must equal the whole header. Two tokens with the same key (once in 100,000)
 * replace each other.
 */
export function createTokenCache({ maxSize, toleranceMs }: { maxSize: number; toleranceMs: number }): TokenCache {
  const tokens = new Map<number, VerifiedToken>()

  /**
   * The oldest entries come first. Two removals per addition keep up with any rate of additions.
   */
  function removeExpired(timeMs: number): void {
    let checked = 0
    for (const [cacheKey, token] of tokens) {
      if (checked === checkedPerAddition) return
      checked += 1
      if (!isWithinLifetime(token, { timeMs, toleranceMs })) tokens.delete(cacheKey)
    }
  }

  return {
    get(authorization, timeMs) {
      const cacheKey = cacheKeyOf(authorization)
      const token = tokens.get(cacheKey)
      if (token === undefined || token.authorization !== authorization) return undefined
      if (isWithinLifetime(token, { timeMs, toleranceMs }) && !token.key.isWithdrawn) return token
      tokens.delete(cacheKey)
      return undefined
    },
    set(token, timeMs) {
      const cacheKey = cacheKeyOf(token.authorization)
      tokens.delete(cacheKey)
      tokens.set(cacheKey, token)
      removeExpired(timeMs)
      if (tokens.size <= maxSize) return
      const { value: oldest } = tokens.keys().next()
      if (oldest !== undefined) tokens.delete(oldest)
    },
    size: () => tokens.size,
  }
}

/** Whether the token is valid at this time, in milliseconds since 1970. */
export function isWithinLifetime(
  { iat, exp }: Pick<VerifiedToken, 'iat' | 'exp'>,
  { timeMs, toleranceMs }: { timeMs: number; toleranceMs: number },
): boolean {
  return timeMs < exp * 1000 + toleranceMs && timeMs >= iat * 1000 - toleranceMs
}

/**
 * A 32-bit hash of the last eight characters. A shorter text is no token; its NaNs become zeros.
 */
function cacheKeyOf(authorization: string): number {
  let number = 0
  for (let index = authorization.length - 8; index < authorization.length; index += 1) {
    number = (Math.imul(number, 0x01000193) ^ authorization.charCodeAt(index)) | 0
  }
  return number
}
