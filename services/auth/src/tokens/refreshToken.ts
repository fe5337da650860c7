/**
 * Encodes and decodes refresh tokens: `ghr_` and, in base64url, version, key id, session id, generation, secret and tag.
 *
 * The tag is an HMAC over all preceding bytes. So an invented or altered token is refused without a query, and a genuine
 * old token is recognised at any age. The successor's secret is derived from the presented secret, so a repeated renewal
 * returns the same successor although the database stores only hashes.
 */
import { randomBytes } from 'node:crypto'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import { decodeTagged, encodeTagged } from './taggedToken.ts'

/** With the offsets of the parts. */
const format = { prefix: 'ghr_', purpose: 'tag', sessionId: 2, generation: 18, secret: 22, tag: 54, end: 70 } as const

export interface RefreshToken {
  sessionId: string
  generation: number
  secret: Buffer
  keyId: number
}

export function newSecret(): Buffer {
  return randomBytes(format.tag - format.secret)
}

/** Encodes a token under the active key of the ring. */
export function encodeRefreshToken(token: Omit<RefreshToken, 'keyId'>, keys: RefreshKeys): string {
  // Not zeroed, and every byte is written.
  const bytes = Buffer.allocUnsafe(format.end)
  bytes.write(token.sessionId.replaceAll('-', ''), format.sessionId, 'hex')
  bytes.writeUInt32BE(token.generation, format.generation)
  token.secret.copy(bytes, format.secret)
  return encodeTagged(bytes, format, keys)
}

/**
 * Decodes and authenticates a presented token.
 * @returns undefined unless the token is exactly one that this service has encoded
 */
export function decodeRefreshToken(text: string, keys: RefreshKeys): RefreshToken | undefined {
  const decoded = decodeTagged(text, format, keys)
  if (decoded === undefined) return undefined
  const { bytes, key } = decoded
  return {
    sessionId: uuidOf(bytes.subarray(format.sessionId, format.generation)),
    generation: bytes.readUInt32BE(format.generation),
    secret: bytes.subarray(format.secret, format.tag),
    keyId: key.id,
  }
}

/** The secret of the next generation: HMAC(server key, presented secret), with the key that the presented token names. */
export function successorSecret(token: RefreshToken, keys: RefreshKeys): Buffer {
  const key = keys.byId.get(token.keyId)
  if (key === undefined) throw new Error('The token names a key that is not in the ring.')
  return key.successor(token.secret)
}

/**
 * Finds the secret of the current successor. While keys rotate, a token exists under both keys: a retry may present another
 * encoding than the first renewal did, and must return the first one's successor.
 * @param currentHash the stored hash of the current secret
 * @returns undefined when the key that derived it is no longer in the ring
 */
export function currentSuccessor(
  { secret }: RefreshToken,
  keys: RefreshKeys,
  currentHash: Uint8Array,
): Buffer | undefined {
  const successors = [...keys.byId.values()].map(key => key.successor(secret))
  return successors.find(successor => sha256(successor).equals(currentHash))
}

/** @param bytes 16 bytes */
export function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
