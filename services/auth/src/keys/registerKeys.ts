/** Brings the keys of SIGNING_KEY into the database when a replica starts, and creates the first key. */
import type { Algorithm } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import { lockFeed } from '../store/lockFeed.ts'
import {
  activateSigningKey,
  createSigningKey,
  listSigningKeys,
  type NewKey,
  type StoredKey,
} from '../store/signingKeys.ts'
import { announceKey, createSealedKey } from './announceKey.ts'
import type { KeyEncryption } from './keyEncryption.ts'
import type { KeyMaterial } from './signingKeys.ts'

export interface Registration {
  db: PrismaClient
  /** The keys of SIGNING_KEY, the first of which signs if the database knows no key. */
  files: readonly KeyMaterial[]
  encryption: KeyEncryption | null
  algorithm: Algorithm
}

/**
 * Announces every key of SIGNING_KEY that the database does not know. The first key of all is active
 * at once and needs no announcement: no token was signed before, and guards start with its public
 * key, from the JWK Set or from a file.
 * @returns all keys
 */
export async function registerKeys({ db, files, encryption, algorithm }: Registration): Promise<StoredKey[]> {
  const known = await listSigningKeys(db)
  if (known.length > 0 && missingFrom(known, files).length === 0) return known

  return db.$transaction(async tx => {
    await lockFeed(tx, 'append')
    const locked = await listSigningKeys(tx)
    const isFirst = locked.length === 0
    const missing: NewKey[] = missingFrom(locked, files).map(({ privateKey: _, ...key }) => ({
      ...key,
      sealedPrivateKey: null,
    }))
    if (isFirst) {
      const first = missing.shift() ?? createSealedKey(encryption, algorithm)
      await createSigningKey(tx, first, 0)
      await activateSigningKey(tx, first.kid)
    }
    for (const key of missing) await announceKey(tx, key, atStart)
    return listSigningKeys(tx)
  })
}

function missingFrom(stored: readonly StoredKey[], files: readonly KeyMaterial[]): KeyMaterial[] {
  return files.filter(file => !stored.some(({ kid }) => kid === file.kid))
}

const atStart = { actor: null }
