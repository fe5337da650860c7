/** What opaque tokens have in common: a prefix, a version, a key id, a payload, and a tag under a key of the ring. */
import { timingSafeEqual } from 'node:crypto'
import type { RefreshKey, RefreshKeys } from '../keys/refreshKeys.ts'

/** The version is byte 0 and the key id is byte 1. */
export interface TokenFormat {
  prefix: string
  /** Which of the key's functions makes the tag. */
  purpose: 'tag' | 'device'
  /** Where the tag begins, in bytes. */
  tag: number
  /** Length of the whole token in bytes, before base64url. */
  end: number
}

const version = 1

const keyIdOffset = 1

/** Writes version, key id and tag into the bytes, whose payload is written already, and encodes them. */
export function encodeTagged(bytes: Buffer, format: TokenFormat, keys: RefreshKeys): string {
  bytes.writeUInt8(version, 0)
  bytes.writeUInt8(keys.active.id, keyIdOffset)
  tagOf(bytes, format, keys.active).copy(bytes, format.tag)
  return format.prefix + bytes.toString('base64url')
}

/**
 * Decodes and authenticates a presented token.
 * @returns undefined unless the token is exactly one that `encodeTagged` returned under a key of the ring
 */
export function decodeTagged(
  text: string,
  format: TokenFormat,
  keys: RefreshKeys,
): { bytes: Buffer; key: RefreshKey } | undefined {
  if (!text.startsWith(format.prefix)) return undefined
  const encoded = text.slice(format.prefix.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // Node's decoder is lenient: only the canonical spelling is accepted.
  if (bytes.length !== format.end || bytes.toString('base64url') !== encoded) return undefined
  const key = keys.byId.get(bytes.readUInt8(keyIdOffset))
  if (bytes.readUInt8(0) !== version || key === undefined) return undefined
  return timingSafeEqual(tagOf(bytes, format, key), bytes.subarray(format.tag)) ? { bytes, key } : undefined
}

/** The beginning of the MAC of what precedes the tag. */
function tagOf(bytes: Buffer, { tag, end, purpose }: TokenFormat, key: RefreshKey): Buffer {
  return key[purpose](bytes.subarray(0, tag)).subarray(0, end - tag)
}
