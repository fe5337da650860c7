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

export interface RefreshKeys {
  active: RefreshKey
  byId: ReadonlyMap<number, RefreshKey>
}

/**
 * Reads the ring; HKDF (RFC 5869) derives a separate key for each purpose.
 * @param text `id:64 hex digits`, separated by commas, the active key first
 * @throws SettingsError when an id is used twice or exceeds 255
 */
export function readRefreshKeys(text: string): RefreshKeys {
  const keys = text.split(',').map(part => readKey(part.trim()))
  const byId = new Map(keys.map(key => [key.id, key]))
  const [active] = keys
  if (active === undefined || byId.size !== keys.length) {
    throw new SettingsError('REFRESH_KEYS contains an id twice: a token could not name its key.')
  }
  return { active, byId }
}

function readKey(part: string): RefreshKey {
  const [id = '', hex = ''] = part.split(':')
  if (Number(id) > 255) throw new SettingsError('REFRESH_KEYS must use ids from 0 to 255: a token has one byte for it.')
  const key = Buffer.from(hex, 'hex')
  return {
    id: Number(id),
    tag: derive(key, 'gatehouse refresh tag'),
    successor: derive(key, 'gatehouse refresh successor'),
    device: derive(key, 'gatehouse device tag'),
  }
}

function derive(key: Buffer, purpose: string): Hmac {
  return hmacSha256(Buffer.from(hkdfSync('sha256', key, '', purpose, 32)))
}
