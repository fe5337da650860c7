/** The ring of server keys that authenticate refresh tokens and derive their successors. */
import { hkdfSync } from 'node:crypto'
import { SettingsError } from '@gatehouse/settings'
import { type Hmac, hmacSha256 } from './hmac.ts'

export interface RefreshKey {
  id: number
  /** Computes the tag that authenticates a token. */
  tag: Hmac
  /** Derives the successor's secret. */
  successor: Hmac
  /** Computes the tag of device tokens. */
  device: Hmac
}

/** A ring of keys, each with an id that takes one byte. */
export interface KeyRing<Key> {
  active: Key
  byId: ReadonlyMap<number, Key>
}

export type RefreshKeys = KeyRing<RefreshKey>

/**
 * Reads the ring; HKDF (RFC 5869) derives a separate key for each purpose.
 * @param text `id:64 hex digits`, separated by commas, the active key first
 * @throws SettingsError when an id is used twice or exceeds 255
 */
export function readRefreshKeys(text: string): RefreshKeys {
  return readKeyRing('REFRESH_KEYS', text, (id, key) => ({
    id,
    tag: derive(key, 'gatehouse refresh tag'),
    successor: derive(key, 'gatehouse refresh successor'),
    device: derive(key, 'gatehouse device tag'),
  }))
}

/** @param name the variable that contains the ring, for the error */
export function readKeyRing<Key>(name: string, text: string, read: (id: number, key: Buffer) => Key): KeyRing<Key> {
  const parts = text.split(',').map(part => part.trim().split(':'))
  const byId = new Map(parts.map(([id, hex = '']) => [Number(id), read(Number(id), Buffer.from(hex, 'hex'))]))
  const [active] = byId.values()
  if (active === undefined || byId.size !== parts.length || Math.max(...byId.keys()) > 255)
    throw new SettingsError(`${name} must use each id once, from 0 to 255: one byte names the key.`)
  return { active, byId }
}

function derive(key: Buffer, purpose: string): Hmac {
  return hmacSha256(Buffer.from(hkdfSync('sha256', key, '', purpose, 32)))
}
