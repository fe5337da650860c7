/** Signs tokens with the fixed keys of the vectors, malformed ones included. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { audience, issuer } from './settings.ts'

/** A key of `vectors/keys.json`. */
export interface VectorKey {
  kid: string
  alg: string
  privateKey: KeyObject
  /** The public JWK. */
  jwk: Record<string, unknown>
}

export type KeyName = 'es256' | 'eddsa' | 'rs256' | 'es384' | 'encryption' | 'smallRsa' | 'foreign'

const file = new URL('../../vectors/keys.json', import.meta.url)
const stored: Record<KeyName, Record<string, string>> = JSON.parse(readFileSync(file, 'utf8'))

/** @param name a key of `vectors/keys.json` */
export function vectorKey(name: KeyName): VectorKey {
  const { kid = '', alg = '', use, ...key } = stored[name]
  const privateKey = createPrivateKey({ key, format: 'jwk' })
  return { kid, alg, privateKey, jwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg, use } }
}

/** The JWK Set that the fake auth service publishes: three usable keys and three that no guard may use. */
export function publishedKeys(): { keys: Record<string, unknown>[] } {
  const names: KeyName[] = ['es256', 'eddsa', 'rs256', 'es384', 'encryption', 'smallRsa']
  return { keys: names.map(name => vectorKey(name).jwk) }
}

/**
 * Valid claims of one hour.
 * @param nowMs the database's time in milliseconds since 1970
 * @param overrides replaces claims; undefined removes one
 */
export function claimsAt(nowMs: number, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(nowMs / 1000)
  return {
    iss: issuer,
    aud: audience,
    sub: uuidOf('sub'),
    iat: now - 60,
    exp: now + 3600,
    jti: uuidOf('jti'),
    client_id: 'first-party',
    scope: 'storage:read',
    roles: ['user'],
    sid: uuidOf('sid'),
    auth_time: now - 60,
    epoch: 0,
    global_epoch: 0,
    ...overrides,
  }
}

/**
 * Signs a token.
 * @param key the key
 * @param claims an object, or the text of the payload
 * @param header replaces parameters of the header; a string is used unchanged
 */
export function signToken(key: VectorKey, claims: object | string, header: object | string = {}): string {
  const full = typeof header === 'string' ? header : { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header }
  return signInput(key, `${base64url(full)}.${base64url(claims)}`)
}

/** Signs the first two segments of a token. */
export function signInput(key: VectorKey, input: string): string {
  const hash = key.alg === 'EdDSA' ? null : key.alg === 'ES384' ? 'sha384' : 'sha256'
  const signature = sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export function base64url(value: object | string | Buffer): string {
  if (Buffer.isBuffer(value)) return value.toString('base64url')
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** A UUID that depends on the text only. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
