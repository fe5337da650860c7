/** The keys of access tokens: one signs, all verify. */
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from '@gatehouse/contract'
import { SettingsError } from '@gatehouse/settings'

export interface VerifyingKey {
  /** RFC 7638 thumbprint: replicas derive the same id from the same key. */
  kid: string
  algorithm: Algorithm
  publicPem: string
  jwk: JsonWebKey
}

export interface SigningKeys {
  privatePem: string
  active: VerifyingKey
  /** The active key first. The others are published, so that tokens signed before or after a key change verify. */
  all: VerifyingKey[]
}

/**
 * Reads PEM blocks. The first must be a private key and signs; the others, private or public, only verify.
 * @param pem PKCS #8 (private) or SPKI (public) blocks
 * @param algorithm the algorithm that the first key must support
 * @throws SettingsError when a block is not a key, or the first does not support the algorithm
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
    throw new SettingsError(
      `SIGNING_KEY begins with a key for ${active?.algorithm}, but SIGNING_ALGORITHM is ${algorithm}.`,
    )
  }
  return { privatePem: first, active, all }
}

function readKey(block: string): VerifyingKey {
  const key = parseKey(block)
  const algorithm = algorithmOf(key)
  if (algorithm === undefined) {
    throw new SettingsError('SIGNING_KEY contains a key other than EC P-256, Ed25519 or RSA of 2048 bits or more.')
  }
  const jwk = key.export({ format: 'jwk' })
  return { kid: thumbprint(jwk), algorithm, publicPem: key.export({ format: 'pem', type: 'spki' }).toString(), jwk }
}

function parseKey(block: string): KeyObject {
  try {
    return createPublicKey(block.includes('PRIVATE KEY') ? createPrivateKey(block) : block)
  } catch {
    throw new SettingsError('SIGNING_KEY contains a PEM block that is not a key, or an encrypted key.')
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

/** The published key set (RFC 7517 section 5). */
export function jwks(keys: SigningKeys): { keys: JsonWebKey[] } {
  return { keys: keys.all.map(({ kid, algorithm, jwk }) => ({ ...jwk, kid, alg: algorithm, use: 'sig' })) }
}
