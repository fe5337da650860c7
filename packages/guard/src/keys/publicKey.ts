/** One public key: what it may verify, and the name by which tokens ask for it. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithms } from '@gatehouse/contract'

export interface PublicKey {
  readonly kid: string
  /** The one algorithm that it verifies: never the token's choice (RFC 8725 section 3.1). */
  readonly algorithm: Algorithm
  readonly pem: string
  /** Set once, when its publisher no longer shows it: whatever was decided with it is void from then on. */
  isWithdrawn: boolean
}

/** Where the verifier gets its keys. */
export interface Keys {
  /** The key of this name, if it is known now. */
  find(kid: string): PublicKey | undefined
  /** The key of this name after looking further afield, within limits that no flood can move. */
  fetchKey(kid: string): Promise<PublicKey | undefined>
  isLoaded(): boolean
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * A key from its PEM; its name is the RFC 7638 thumbprint unless another is given.
 * @throws TypeError when it is not a public key that verifies one of our algorithms
 */
export function keyFromPem(pem: string, named: { kid?: string; algorithm?: Algorithm } = {}): PublicKey {
  if (pem.includes('PRIVATE KEY')) throw new TypeError('a private key was given where a public key belongs')
  return keyOf(createPublicKey(pem), named)
}

/** The keys of a JWK Set that can verify our tokens; those of other kinds and uses are passed over (RFC 7517 section 5). */
export function keysFromJwks(jwks: unknown, maxKeys: number): PublicKey[] {
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks) || !Array.isArray(jwks.keys)) {
    throw new TypeError('not a JWK Set')
  }
  const keys = new Map<string, PublicKey>()
  for (const jwk of jwks.keys) {
    const key = keyFromJwk(jwk)
    if (key !== null && !keys.has(key.kid) && keys.size < maxKeys) keys.set(key.kid, key)
  }
  return [...keys.values()]
}

function keyFromJwk(jwk: unknown): PublicKey | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const { kid, alg, use, d } = jwk as Record<string, unknown>
  if (d !== undefined || (use !== undefined && use !== 'sig')) return null
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > 200)) return null
  const algorithm = algorithms.find(name => name === alg)
  if (alg !== undefined && algorithm === undefined) return null
  try {
    const key = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' })
    return keyOf(key, { ...(kid === undefined ? {} : { kid }), ...(algorithm === undefined ? {} : { algorithm }) })
  } catch {
    return null
  }
}

function keyOf(key: KeyObject, { kid, algorithm }: { kid?: string; algorithm?: Algorithm }): PublicKey {
  const supported = algorithmOf(key)
  if (algorithm !== undefined && algorithm !== supported)
    throw new TypeError(`the key verifies ${supported}, not ${algorithm}`)
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  return { kid: kid ?? thumbprint(key), algorithm: supported, pem, isWithdrawn: false }
}

function algorithmOf(key: KeyObject): Algorithm {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= 2048) return 'RS256'
  throw new TypeError('the key must be P-256, Ed25519, or RSA of at least 2048 bits')
}

/** RFC 7638: the required members in alphabetical order, hashed. */
export function thumbprint(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' })
  const members = JSON.stringify(kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x })
  return createHash('sha256').update(members).digest('base64url')
}
