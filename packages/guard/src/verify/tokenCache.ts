/** Remembers valid tokens, so that each is verified once. Only valid ones enter: no flood of garbage can push them out. */
import type { PublicKey } from '../keys/publicKey.ts'
import type { Caller } from './claims.ts'

export interface VerifiedToken {
  /** The whole header, which is what another request must repeat to be taken for this token. */
  readonly authorization: string
  readonly key: PublicKey
  readonly caller: Caller
  readonly goodFromMs: number
  readonly goodUntilMs: number
}

export interface TokenCache {
  get(authorization: string, wallMs: number): VerifiedToken | undefined
  set(token: VerifiedToken): void
  size(): number
}

/**
 * The key is the end of the header, a piece of the signature: hashing the 700 characters of a header that was just
 * received costs four times as much (measured: 1.0 us against 0.2 us). What is found must then be the same header
 * throughout, so two tokens never share an entry; if two ever ended alike, the later would stand.
 */
const tailLength = 24

export function tokenCache(most: number): TokenCache {
  const tokens = new Map<string, VerifiedToken>()
  return {
    get(authorization, wallMs) {
      const tail = authorization.slice(-tailLength)
      const token = tokens.get(tail)
      if (token === undefined || token.authorization !== authorization) return undefined
      if (wallMs < token.goodUntilMs && wallMs >= token.goodFromMs && !token.key.isWithdrawn) return token
      tokens.delete(tail)
      return undefined
    },
    set(token) {
      const tail = token.authorization.slice(-tailLength)
      tokens.delete(tail)
      tokens.set(tail, token)
      if (tokens.size <= most) return
      const { value: oldest } = tokens.keys().next()
      if (oldest !== undefined) tokens.delete(oldest)
    },
    size: () => tokens.size,
  }
}
