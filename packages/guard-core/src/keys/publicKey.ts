/** A public key, its name and the algorithm that it verifies. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithms } from '@gatehouse/contract'

/** A public key. */
export interface PublicKey {
  /** The name by which tokens refer to the key. */
  readonly kid: string
  /**
   * The only algorithm that the key verifies. The token does not choose it (RFC 8725 section 3.1).
   */
  readonly algorithm: Algorithm
  readonly pem: string
  /**
   * True when the issuer no longer publishes the key: tokens that were verified with it are no
   * longer valid.
   */
  isWithdrawn: boolean
}

/** The keys of a verifier. */
export interface Keys {
  /** The key of this name, if it is known. */
  find(kid: string): PublicKey | undefined
  /**
   * The key of this name after fetching the keys, at most once per cool-down.
   * @throws ProblemError `unavailable`, or `token-invalid` when the key is withdrawn
   */
  fetchKey(kid: string): Promise<PublicKey | undefined>
  isLoaded(): boolean
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Splits a text into its PEM blocks: while keys rotate, a file contains two.
 * @param text one or more PEM blocks (RFC 7468)
 * @returns the blocks; the text itself when it contains none, so that reading it fails
 */
export function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g) ?? [text]
}

/**
 * Reads a key from PEM.
 * @param pem a public key in SPKI form
 * @param named its name (the default is the RFC 7638 thumbprint) and its algorithm
 * @throws TypeError when it is not a public key for ES256, EdDSA or RS256
 */
export function keyFromPem(pem: string, named: { kid?: string; algorithm?: Algorithm } = {}): PublicKey {
  if (pem.includes('PRIVATE KEY')) throw new TypeError('expected a public key, not a private key')
  return keyOf(createPublicKey(pem), named)
}

/**
 * Reads the keys of a JWK Set that can verify access tokens. Keys of other types and uses are
 * ignored (RFC 7517 section 5).
 * @param jwks the parsed JSON
 * @param maxKeys the maximum number of keys to read
 * @throws TypeError when it is not a JWK Set
 */
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

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1: a key with any of them is no public key. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function keyFromJwk(jwk: unknown): PublicKey | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const { kid, alg, use } = jwk as Record<string, unknown>
  if (privateMembers.some(name => Object.hasOwn(jwk, name)) || (use !== undefined && use !== 'sig')) return null
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
  if (supported === undefined) throw new TypeError('the key must be P-256, Ed25519, or RSA of at least 2048 bits')
  if (algorithm !== undefined && algorithm !== supported)
    throw new TypeError(`the key verifies ${supported}, not ${algorithm}`)
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  return { kid: kid ?? thumbprint(key), algorithm: supported, pem, isWithdrawn: false }
}

/** The algorithm that the public key verifies; undefined when no access token may be signed with such a key. */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { namedCurve, modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  // With the exponent 1, a signature is the padded hash itself, which anyone can write.
  if (key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= 2048 && (publicExponent ?? 0n) >= 3n) return 'RS256'
  return undefined
}

/** The thumbprint of a key (RFC 7638): the hash of its required members in alphabetical order. */
export function thumbprint(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' })
  const members = JSON.stringify(kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x })
  return createHash('sha256').update(members).digest('base64url')
}
