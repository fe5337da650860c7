/** Remembers valid tokens, so that each is verified once. Only valid ones enter: no flood of garbage can push them out. */

import type { PublicKey } from '../keys/publicKey.ts'
import type { Rule } from './authorize.ts'
import type { Caller } from './claims.ts'

export interface VerifiedToken {
  /** The whole header, which is what another request must repeat to be taken for this token. */
  readonly authorization: string
  readonly key: PublicKey
  readonly caller: Caller
  /** Of the token, in seconds since 1970: whole numbers stand in the object itself, so a look at them is no further trip to memory. */
  readonly iat: number
  readonly exp: number
  /** The last rule that it passed, and the revision of the memory by which it did. */
  passedRule: Rule | null
  passedRevision: number
}

export interface TokenCache {
  get(authorization: string, wallMs: number): VerifiedToken | undefined
  set(token: VerifiedToken): void
  size(): number
}

/**
 * Found by a number made of its last characters, which are random: hashing the 700 characters of a header that was just
 * received costs more than all the rest (measured: 1.0 us). What is found must then be the same header throughout, so two
 * tokens never share an entry; should two have the same number (once in 100,000 tokens), the later takes the place.
 */
export function createTokenCache({ maxSize, toleranceMs }: { maxSize: number; toleranceMs: number }): TokenCache {
  const tokens = new Map<number, VerifiedToken>()
  return {
    get(authorization, wallMs) {
      const cacheKey = cacheKeyOf(authorization)
      const token = tokens.get(cacheKey)
      if (token === undefined || token.authorization !== authorization) return undefined
      const isCurrent = wallMs < token.exp * 1000 + toleranceMs && wallMs >= token.iat * 1000 - toleranceMs
      if (isCurrent && !token.key.isWithdrawn) return token
      tokens.delete(cacheKey)
      return undefined
    },
    set(token) {
      const cacheKey = cacheKeyOf(token.authorization)
      tokens.delete(cacheKey)
      tokens.set(cacheKey, token)
      if (tokens.size <= maxSize) return
      const { value: oldest } = tokens.keys().next()
      if (oldest !== undefined) tokens.delete(oldest)
    },
    size: () => tokens.size,
  }
}

/** 32 bits of the eight last characters; anything shorter is no token, and its NaNs become zeros. */
function cacheKeyOf(authorization: string): number {
  let number = 0
  for (let index = authorization.length - 8; index < authorization.length; index += 1) {
    number = (Math.imul(number, 0x01000193) ^ authorization.charCodeAt(index)) | 0
  }
  return number
}
