/** Encrypts private keys for the database: AES-256-GCM (NIST SP 800-38D) under a ring of key-encryption keys. */
import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import { readKeyRing } from './refreshKeys.ts'

export interface KeyEncryption {
  /** @param kid is authenticated with the key, so that rows cannot be exchanged */
  seal: (privateKey: KeyObject, kid: string) => Buffer
  /** @returns undefined when the ring lacks the key-encryption key, or the bytes were altered */
  open: (sealed: Uint8Array, kid: string) => KeyObject | undefined
}

const [nonceBytes, tagBytes] = [12, 16]

/**
 * @param text `id:64 hex digits`, separated by commas; the first seals, all of them open
 * @throws SettingsError when an id is used twice or exceeds 255
 */
export function createKeyEncryption(text: string): KeyEncryption {
  const { active, byId } = readKeyRing('KEY_ENCRYPTION_KEYS', text, (id, key) => ({ id, key }))
  return {
    seal: (privateKey, kid) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', active.key, nonce).setAAD(Buffer.from(kid))
      const der = privateKey.export({ format: 'der', type: 'pkcs8' })
      return Buffer.concat([Buffer.from([active.id]), nonce, cipher.update(der), cipher.final(), cipher.getAuthTag()])
    },
    open: (sealed, kid) => {
      const bytes = Buffer.from(sealed)
      const key = byId.get(bytes[0] ?? -1)?.key
      if (key === undefined || bytes.length <= 1 + nonceBytes + tagBytes) return undefined
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + nonceBytes))
        decipher.setAAD(Buffer.from(kid)).setAuthTag(bytes.subarray(-tagBytes))
        const der = Buffer.concat([decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)), decipher.final()])
        return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      } catch {
        return undefined
      }
    },
  }
}
