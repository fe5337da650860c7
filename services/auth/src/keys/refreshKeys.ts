/** The ring of server keys under refresh tokens. */
import { hkdfSync } from 'node:crypto'
import { SettingsError } from '@gatehouse/settings'
import { type Hmac, hmacSha256 } from './hmac.ts'

export interface RefreshKey {
  id: number
  /** Makes the tag that marks a token as ours. */
  tag: Hmac
  /** Makes the successor's secret. */
  successor: Hmac
}

export interface RefreshKeys {
  active: RefreshKey
  byId: ReadonlyMap<number, RefreshKey>
}

/**
 * Reads the ring; each purpose gets a key of its own by HKDF (RFC 5869).
 * @param text `id:64 hex digits`, the active one first, with commas between them
 */
export function readRefreshKeys(text: string): RefreshKeys {
  const keys = text.split(',').map(part => readKey(part.trim()))
  const byId = new Map(keys.map(key => [key.id, key]))
  const [active] = keys
  if (active === undefined || byId.size !== keys.length) {
    throw new SettingsError('REFRESH_KEYS names an id twice: tokens could not tell which key made them.')
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
  }
}

function derive(key: Buffer, purpose: string): Hmac {
  return hmacSha256(Buffer.from(hkdfSync('sha256', key, '', purpose, 32)))
}
