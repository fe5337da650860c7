/**
 * Device tokens: proof that this client has logged in to an account before. A device token opens nothing; it only keeps wrong
 * passwords of other clients from counting against this one (OWASP: device cookies).
 *
 * `ghd_` and, in base64url, version, key id, account id, device id and tag, as in refresh tokens.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { RefreshKey, RefreshKeys } from '../keys/refreshKeys.ts'
import { uuidOf } from './refreshToken.ts'

const prefix = 'ghd_'
const version = 1
const offsets = { version: 0, keyId: 1, accountId: 2, deviceId: 18, tag: 34, end: 50 }

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
  const bytes = Buffer.alloc(offsets.end)
  bytes.writeUInt8(version, offsets.version)
  bytes.writeUInt8(keys.active.id, offsets.keyId)
  bytes.write(accountId.replaceAll('-', ''), offsets.accountId, 'hex')
  bytes.write(deviceId.replaceAll('-', ''), offsets.deviceId, 'hex')
  tagOf(bytes, keys.active).copy(bytes, offsets.tag)
  return prefix + bytes.toString('base64url')
}

/** @returns undefined unless the token is exactly one that this service has encoded */
export function decodeDeviceToken(text: string, keys: RefreshKeys): Device | undefined {
  if (!text.startsWith(prefix)) return undefined
  const encoded = text.slice(prefix.length)
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== offsets.end || bytes.toString('base64url') !== encoded) return undefined
  const key = keys.byId.get(bytes.readUInt8(offsets.keyId))
  if (bytes.readUInt8(offsets.version) !== version || key === undefined) return undefined
  if (!timingSafeEqual(tagOf(bytes, key), bytes.subarray(offsets.tag))) return undefined
  return {
    accountId: uuidOf(bytes.subarray(offsets.accountId, offsets.deviceId)),
    deviceId: uuidOf(bytes.subarray(offsets.deviceId, offsets.tag)),
  }
}

function tagOf(bytes: Buffer, key: RefreshKey): Buffer {
  return key.device(bytes.subarray(0, offsets.tag)).subarray(0, offsets.end - offsets.tag)
}
