/** The keys of access tokens, as SIGNING_KEY or the database contains them. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Algorithm, FeedKey } from '@gatehouse/contract'
import { algorithmOf, pemBlocks, thumbprint } from '@gatehouse/guard'
import { SettingsError } from '@gatehouse/settings'

export interface VerifyingKey {
  /** RFC 7638 thumbprint: replicas derive the same id from the same key. */
  kid: string
  algorithm: Algorithm
  publicPem: string
}

export interface KeyMaterial extends VerifyingKey {
  /** Null for a key that this replica can only verify with. */
  privateKey: KeyObject | null
}

/**
 * Reads PEM blocks. The first must be a private key: it signs if the database knows no key yet.
 * @param pem PKCS #8 (private) or SPKI (public) blocks
 * @param algorithm the algorithm that the first key must support
 * @throws SettingsError when a block is not a key, or the first does not support the algorithm
 */
export function readSigningKeys(pem: string, algorithm: Algorithm): KeyMaterial[] {
  const blocks = pemBlocks(pem)
  if (!blocks[0]?.includes('PRIVATE KEY')) {
    throw new SettingsError('SIGNING_KEY must begin with a PEM private key: it signs the access tokens.')
  }
  const keys = new Map<string, KeyMaterial>()
  for (const key of blocks.map(readKey)) {
    if (!keys.get(key.kid)?.privateKey) keys.set(key.kid, key)
  }
  const [first] = keys.values()
  if (first?.algorithm !== algorithm) {
    throw new SettingsError(
      `SIGNING_KEY begins with a key for ${first?.algorithm}, but SIGNING_ALGORITHM is ${algorithm}.`,
    )
  }
  return [...keys.values()]
}

function readKey(block: string): KeyMaterial {
  const privateKey = block.includes('PRIVATE KEY') ? parseKey(() => createPrivateKey(block)) : null
  const publicKey = privateKey === null ? parseKey(() => createPublicKey(block)) : createPublicKey(privateKey)
  return keyMaterial(publicKey, privateKey)
}

function parseKey(parse: () => KeyObject): KeyObject {
  try {
    return parse()
  } catch {
    throw new SettingsError('SIGNING_KEY contains a PEM block that is not a key, or an encrypted key.')
  }
}

/** Creates a key pair of the size that is customary for the algorithm. */
export function generateSigningKey(algorithm: Algorithm): KeyMaterial & { privateKey: KeyObject } {
  const { publicKey, privateKey } = generators[algorithm]()
  return { ...keyMaterial(publicKey, privateKey), privateKey }
}

const generators: Readonly<Record<Algorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
}

function keyMaterial(publicKey: KeyObject, privateKey: KeyObject | null): KeyMaterial {
  const algorithm = algorithmOf(publicKey)
  if (algorithm === undefined) {
    throw new SettingsError('SIGNING_KEY contains a key other than EC P-256, Ed25519 or RSA of 2048 bits or more.')
  }
  const publicPem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  return { kid: thumbprint(publicKey), algorithm, publicPem, privateKey }
}

/** The key as a JWK (RFC 7517 section 4), for the key set and the feed. */
export function publicJwk({ kid, algorithm, publicPem }: VerifyingKey): FeedKey {
  const jwk = createPublicKey(publicPem).export({ format: 'jwk' }) as Record<string, string>
  return { ...jwk, kid, alg: algorithm, use: 'sig' }
}
