/** Keys that were given once, by PEM: the shared public key. They never change while the process lives. */
import type { Algorithm } from '@gatehouse/contract'
import { type Keys, keyFromPem } from './publicKey.ts'

export interface PemKey {
  pem: string
  /** The RFC 7638 thumbprint unless given. */
  kid?: string
  /** What the key itself can do unless given. */
  algorithm?: Algorithm
}

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
