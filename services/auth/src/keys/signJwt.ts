/**
 * Signs JWTs on libuv's threads (RFC 7515 section 3.1): on the event loop a signature takes a third of a renewal's time.
 *
 * The evaluated JWT libraries sign on the event loop, or through WebCrypto, which doubles the loop's time for the hand-over
 * (docs/performance.md). They would only add the composition of the three parts.
 */
import { type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { type Algorithm, accessTokenType } from '@gatehouse/contract'

/** @returns the token in its compact form */
export type SignJwt = (claims: object) => Promise<string>

/** Node's name for the digest of each algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1); Ed25519 includes its own. */
export const digests: Readonly<Record<Algorithm, string | null>> = { ES256: 'sha256', RS256: 'sha256', EdDSA: null }

const signOnThread: (digest: string | null, data: Buffer, key: SignKeyObjectInput) => Promise<Buffer> = promisify(sign)

export interface JwtKey {
  kid: string
  algorithm: Algorithm
  privateKey: KeyObject
}

export function jwtSigner({ kid, algorithm, privateKey }: JwtKey): SignJwt {
  const digest = digests[algorithm]
  // RFC 7518 section 3.4: R and S concatenated; OpenSSL's default is ASN.1. Other key types ignore this option.
  const key: SignKeyObjectInput = { key: privateKey, dsaEncoding: 'ieee-p1363' }
  const header = base64urlJson({ alg: algorithm, typ: accessTokenType, kid })
  return async claims => {
    const input = `${header}.${base64urlJson(claims)}`
    const signature = await signOnThread(digest, Buffer.from(input, 'latin1'), key)
    return `${input}.${signature.toString('base64url')}`
  }
}

function base64urlJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
