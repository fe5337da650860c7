/** Keys given as PEM. They do not change while the process runs. */
import type { Algorithm } from '@gatehouse/contract'
import { type Keys, keyFromPem } from './publicKey.ts'

/** A key as PEM. */
export interface PemKey {
  pem: string
  /** The name. The default is the RFC 7638 thumbprint. */
  kid?: string
  /** The algorithm. The default follows from the type of the key. */
  algorithm?: Algorithm
}

/**
 * @param pems the public keys
 * @throws TypeError when one is not a public key for ES256, EdDSA or RS256
 */
export function staticKeys(pems: readonly PemKey[]): Keys {
  const keys = new Map(pems.map(({ pem, ...named }) => keyFromPem(pem, named)).map(key => [key.kid, key]))
  return {
    find: kid => keys.get(kid),
    fetchKey: async () => undefined,
    isLoaded: () => true,
    start: async () => {},
    stop: async () => {},
  }
}
