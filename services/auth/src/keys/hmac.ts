/**
 * HMAC-SHA-256 (RFC 2104) from two one-shot hashes. A renewal needs three HMACs, and the objects of Node's `createHmac` took a
 * tenth of the event loop's time (docs/performance.md).
 */
import { hash } from 'node:crypto'

/** @returns 32 bytes */
export type Hmac = (value: Buffer) => Buffer

const blockSize = 64

/** @throws RangeError for a key of more than 64 bytes, which RFC 2104 hashes first; the service's keys have 32 */
export function hmacSha256(key: Buffer): Hmac {
  if (key.length > blockSize) throw new RangeError(`a key of ${key.length} bytes; at most ${blockSize}`)
  const [inner, outer] = [padded(key, 0x36), padded(key, 0x5c)]
  return value => sha256(Buffer.concat([outer, sha256(Buffer.concat([inner, value]))]))
}

/** Through a string: a Buffer from `hash` has its own memory outside the heap, which costs more than the hash. */
export function sha256(value: Buffer | string): Buffer {
  return Buffer.from(hash('sha256', value, 'binary'), 'latin1')
}

function padded(key: Buffer, pad: number): Buffer {
  const block = Buffer.alloc(blockSize)
  key.copy(block)
  return block.map(byte => byte ^ pad) as Buffer
}
