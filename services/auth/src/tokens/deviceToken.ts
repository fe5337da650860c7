/**
 * Device tokens: proof that this client has logged in to an account before. A device token gives no access; it only keeps
 * wrong passwords of other clients from counting against this one (OWASP: device cookies).
 *
 * `ghd_` and, in base64url, version, key id, account id, device id and tag, as in refresh tokens.
 */
import { randomBytes } from 'node:crypto'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import { uuidOf } from './refreshToken.ts'
import { decodeTagged, encodeTagged } from './taggedToken.ts'

/** With the offsets of the parts. */
const format = { prefix: 'ghd_', purpose: 'device', accountId: 2, deviceId: 18, tag: 34, end: 50 } as const

export interface Device {
  accountId: string
  /** Names the device in the counters of failures. */
  deviceId: string
}

export function newDevice(accountId: string): Device {
  return { accountId, deviceId: uuidOf(randomBytes(16)) }
}

/** Encodes a token under the active key of the ring. */
export function encodeDeviceToken({ accountId, deviceId }: Device, keys: RefreshKeys): string {
  const bytes = Buffer.alloc(format.end)
  bytes.write(accountId.replaceAll('-', ''), format.accountId, 'hex')
  bytes.write(deviceId.replaceAll('-', ''), format.deviceId, 'hex')
  return encodeTagged(bytes, format, keys)
}

/** @returns undefined unless the token is exactly one that this service has encoded */
export function decodeDeviceToken(text: string, keys: RefreshKeys): Device | undefined {
  const decoded = decodeTagged(text, format, keys)
  if (decoded === undefined) return undefined
  return {
    accountId: uuidOf(decoded.bytes.subarray(format.accountId, format.deviceId)),
    deviceId: uuidOf(decoded.bytes.subarray(format.deviceId, format.tag)),
  }
}
