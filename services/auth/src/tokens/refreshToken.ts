/**
 * The refresh token itself: `ghr_` and, base64url, version, key id, session id, generation, secret and tag.
 *
 * The tag is an HMAC over all that precedes it, so an invented or altered token is refused before the database is asked,
 * and a genuine old one is recognised for ever. The successor's secret is derived from the presented one, so whoever
 * repeats a renewal gets the same successor although nothing that can be used is stored.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKey, RefreshKeys } from '../keys/refreshKeys.ts'

const prefix = 'ghr_'
const version = 1
const offsets = { version: 0, keyId: 1, sessionId: 2, generation: 18, secret: 22, tag: 54, end: 70 }

export interface RefreshToken {
  sessionId: string
  generation: number
  secret: Buffer
  keyId: number
}

export function newSecret(): Buffer {
  return randomBytes(offsets.tag - offsets.secret)
}

/** Writes a token under the ring's active key. */
export function encodeRefreshToken(token: Omit<RefreshToken, 'keyId'>, keys: RefreshKeys): string {
  // From Node's pool, and so not empty: all of it is written.
  const bytes = Buffer.allocUnsafe(offsets.end)
  bytes.writeUInt8(version, offsets.version)
  bytes.writeUInt8(keys.active.id, offsets.keyId)
  bytes.write(token.sessionId.replaceAll('-', ''), offsets.sessionId, 'hex')
  bytes.writeUInt32BE(token.generation, offsets.generation)
  token.secret.copy(bytes, offsets.secret)
  tagOf(bytes, keys.active).copy(bytes, offsets.tag)
  return prefix + bytes.toString('base64url')
}

/**
 * Reads a token that somebody presented.
 * @returns undefined when it is not one of ours, to the last bit
 */
export function decodeRefreshToken(text: string, keys: RefreshKeys): RefreshToken | undefined {
  if (!text.startsWith(prefix)) return undefined
  const encoded = text.slice(prefix.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // Node's decoder forgives; only the one spelling that we wrote is ours.
  if (bytes.length !== offsets.end || bytes.toString('base64url') !== encoded) return undefined
  const key = keys.byId.get(bytes.readUInt8(offsets.keyId))
  if (bytes.readUInt8(offsets.version) !== version || key === undefined) return undefined
  if (!timingSafeEqual(tagOf(bytes, key), bytes.subarray(offsets.tag))) return undefined
  return {
    sessionId: uuidOf(bytes.subarray(offsets.sessionId, offsets.generation)),
    generation: bytes.readUInt32BE(offsets.generation),
    secret: bytes.subarray(offsets.secret, offsets.tag),
    keyId: key.id,
  }
}

/** The secret of the next generation: HMAC(server key, presented secret), under the key that the presented token names. */
export function successorSecret(token: RefreshToken, keys: RefreshKeys): Buffer {
  const key = keys.byId.get(token.keyId)
  if (key === undefined) throw new Error('A token was read with a key that is not in the ring.')
  return key.successor(token.secret)
}

/**
 * The successor that stands. While keys change, a token is out under both: who retries may hold the other writing than the one
 * that was used first, and must get the successor that the first got.
 * @param currentHash what the database keeps of the secret that stands
 * @returns undefined when the key under which it was made has left the ring
 */
export function currentSuccessor(
  { secret }: RefreshToken,
  keys: RefreshKeys,
  currentHash: Uint8Array,
): Buffer | undefined {
  const successors = [...keys.byId.values()].map(key => key.successor(secret))
  return successors.find(successor => sha256(successor).equals(currentHash))
}

function tagOf(bytes: Buffer, key: RefreshKey): Buffer {
  return key.tag(bytes.subarray(0, offsets.tag)).subarray(0, offsets.end - offsets.tag)
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
