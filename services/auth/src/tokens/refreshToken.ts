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
import { decodeTagged, encodeTagged, type TokenFormat } from './taggedToken.ts'

const offsets = { sessionId: 2, generation: 18, secret: 22, tag: 54, end: 70 }
const format: TokenFormat = {
  prefix: 'ghr_',
  version: 1,
  tag: offsets.tag,
  end: offsets.end,
  mac: (key, payload) => key.tag(payload),
}

export interface RefreshToken {
  sessionId: string
  generation: number
  secret: Buffer
  keyId: number
}

export function newSecret(): Buffer {
  return randomBytes(offsets.tag - offsets.secret)
}

/** Encodes a token under the active key of the ring. */
export function encodeRefreshToken(token: Omit<RefreshToken, 'keyId'>, keys: RefreshKeys): string {
  // Not zeroed, and every byte is written.
  const bytes = Buffer.allocUnsafe(offsets.end)
  bytes.write(token.sessionId.replaceAll('-', ''), offsets.sessionId, 'hex')
  bytes.writeUInt32BE(token.generation, offsets.generation)
  token.secret.copy(bytes, offsets.secret)
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
    sessionId: uuidOf(bytes.subarray(offsets.sessionId, offsets.generation)),
    generation: bytes.readUInt32BE(offsets.generation),
    secret: bytes.subarray(offsets.secret, offsets.tag),
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
