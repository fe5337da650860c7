/** The keys under access tokens: one that signs, all that verify. */
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from '@gatehouse/contract'
import { SettingsError } from '@gatehouse/settings'

export interface VerifyingKey {
  /** RFC 7638 thumbprint: the same key has the same id wherever it is read. */
  kid: string
  algorithm: Algorithm
  publicPem: string
  jwk: JsonWebKey
}

export interface SigningKeys {
  privatePem: string
  active: VerifyingKey
  /** The active one first; the others are published so that tokens made before a change still verify. */
  all: VerifyingKey[]
}

/**
 * Reads PEM blocks: the first must be a private key and signs; private or public, the others only verify.
 * @param pem PKCS #8 (private) or SPKI (public) blocks
 * @param algorithm what the first key must be fit for
 * @throws SettingsError when a block is no key, or the first does not fit
 */
export function readSigningKeys(pem: string, algorithm: Algorithm): SigningKeys {
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g) ?? []
  const [first] = blocks
  if (first === undefined || !first.includes('PRIVATE KEY')) {
    throw new SettingsError('SIGNING_KEY must begin with a PEM private key: it signs the access tokens.')
  }
  const all = blocks.map(readKey)
  const [active] = all
  if (active === undefined || active.algorithm !== algorithm) {
    throw new SettingsError(`SIGNING_KEY holds a key for ${active?.algorithm}, but SIGNING_ALGORITHM is ${algorithm}.`)
  }
  return { privatePem: first, active, all }
}

function readKey(block: string): VerifyingKey {
  const key = parseKey(block)
  const algorithm = algorithmOf(key)
  if (algorithm === undefined) {
    throw new SettingsError('SIGNING_KEY holds a key that is none of EC P-256, Ed25519 and RSA of 2048 bits or more.')
  }
  const jwk = key.export({ format: 'jwk' })
  return { kid: thumbprint(jwk), algorithm, publicPem: key.export({ format: 'pem', type: 'spki' }).toString(), jwk }
}

function parseKey(block: string): KeyObject {
  try {
    return createPublicKey(block.includes('PRIVATE KEY') ? createPrivateKey(block) : block)
  } catch {
    throw new SettingsError('SIGNING_KEY holds a PEM block that is no key, or one that is encrypted.')
  }
}

function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
  if (type === 'ed25519') return 'EdDSA'
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'RS256'
  return undefined
}

/** RFC 7638 section 3: SHA-256 over the required members in the order of their names. */
function thumbprint(jwk: JsonWebKey): string {
  const required = { crv: jwk.crv, e: jwk.e, kty: jwk.kty, n: jwk.n, x: jwk.x, y: jwk.y }
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url')
}

/** The published set (RFC 7517 section 5). */
export function jwks(keys: SigningKeys): { keys: JsonWebKey[] } {
  return { keys: keys.all.map(({ kid, algorithm, jwk }) => ({ ...jwk, kid, alg: algorithm, use: 'sig' })) }
}
