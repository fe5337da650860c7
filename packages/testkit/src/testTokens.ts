/** Keys and tokens made with Node's crypto only, so that tests can create malformed tokens too. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { AccessTokenClaims, Algorithm } from '@gatehouse/contract'

export interface SigningKey {
  kid: string
  algorithm: Algorithm
  privateKey: KeyObject
  pem: string
  jwk: Record<string, unknown>
}

export function signingKey(algorithm: Algorithm = 'ES256'): SigningKey {
  const { privateKey, publicKey } = pairFor(algorithm)
  const kid = thumbprint(publicKey)
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm }
  return { kid, algorithm, privateKey, pem, jwk }
}

function pairFor(algorithm: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** RFC 7638 section 3.2: the required members in alphabetical order, hashed. */
function thumbprint(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' })
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

export const issuer = 'https://auth.example'
export const audience = 'warehouse'

export function claimsAt(wallMs: number, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(wallMs / 1000)
  const claims: AccessTokenClaims = {
    iss: issuer,
    aud: audience,
    sub: randomUUID(),
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
    client_id: 'first-party',
    scope: 'storage:read',
    roles: ['user'],
    sid: randomUUID(),
    auth_time: now,
    epoch: 0,
    global_epoch: 0,
  }
  return { ...claims, ...overrides }
}

/** Signs a token; a string as header or claims is used unchanged. */
export function tokenOf(key: SigningKey, claims: object | string, header: object | string = {}): string {
  const fullHeader =
    typeof header === 'string' ? header : { alg: key.algorithm, typ: 'at+jwt', kid: key.kid, ...header }
  return signed(key, `${base64url(fullHeader)}.${base64url(claims)}`)
}

export function signed(key: SigningKey, input: string): string {
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const }
  const signature = sign(key.algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(input), options)
  return `${input}.${signature.toString('base64url')}`
}

export function base64url(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}
