/** Checks the signature of a token. */
import { createPublicKey, verify } from 'node:crypto'
import type { Algorithm } from '@gatehouse/contract'
import type { PublicKey } from '../keys/publicKey.ts'

/**
 * Returns true when the signature of a token is valid. Any other result, a promise for example, and
 * any error is `token-invalid`. The guard calls it with a token in canonical compact form whose
 * header names the key and its algorithm, and validates header and claims itself.
 */
export type CheckSignature = (token: string) => boolean

/**
 * Creates the check for one key. The check must accept the algorithm of that key only (RFC 8725
 * section 3.1).
 */
export type CreateSignatureCheck = (key: PublicKey) => CheckSignature | Promise<CheckSignature>

/** The hash of an algorithm; EdDSA has its own (RFC 8037 section 3.1). */
const hashes: Record<Algorithm, string | null> = { ES256: 'sha256', EdDSA: null, RS256: 'sha256' }

/**
 * Checks signatures with node:crypto (RFC 7515 section 5.2).
 * @example
 * const check = nodeCryptoCheck(keyFromPem(pem))
 * check(token) // true or false
 */
export function nodeCryptoCheck({ pem, algorithm }: PublicKey): CheckSignature {
  // In tokens an ECDSA signature is r and s side by side (RFC 7518 section 3.4). The other algorithms
  // ignore the option.
  const key = { key: createPublicKey(pem), dsaEncoding: 'ieee-p1363' } as const
  const hash = hashes[algorithm]
  return token => {
    const end = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    return verify(hash, Buffer.from(token.slice(0, end)), key, signature)
  }
}
