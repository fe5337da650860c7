/** Announces keys: their rows, and the feed entries by which guards learn them. */
import { type Algorithm, conflict } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import {
  appendKeyEntry,
  createSigningKey,
  listSigningKeys,
  type NewKey,
  replaceKeyEntry,
} from '../store/signingKeys.ts'
import type { AuditContext } from '../store/writeAudit.ts'
import type { KeyEncryption } from './keyEncryption.ts'
import { generateSigningKey, publicJwk } from './signingKeys.ts'

/** The caller holds the lock of the feed. */
export async function announceKey(
  tx: Db,
  { kid, algorithm, publicPem, sealedPrivateKey }: NewKey,
  context: AuditContext,
): Promise<RevocationResult> {
  const key = { kid, algorithm, publicPem }
  const announced = await appendKeyEntry(tx, {
    key: publicJwk(key),
    effect: 'announced',
    action: 'key.announce',
    context,
  })
  await createSigningKey(tx, { ...key, sealedPrivateKey }, announced.seq)
  return announced
}

/**
 * Creates a key pair whose private key only the database holds.
 * @throws ProblemError `conflict` without KEY_ENCRYPTION_KEYS
 */
export function createSealedKey(encryption: KeyEncryption | null, algorithm: Algorithm): NewKey {
  if (encryption === null) throw conflict('KEY_ENCRYPTION_KEYS is not set, so the database cannot hold a private key')
  const { privateKey, ...key } = generateSigningKey(algorithm)
  return { ...key, sealedPrivateKey: encryption.seal(privateKey, key.kid) }
}

/**
 * Appends the entries of all keys again, since a restored feed may lack them: a guard that has a
 * withdrawn key in a file must still refuse it. The caller holds the lock of the feed.
 */
export async function announceKeysAgain(tx: Db, context: AuditContext): Promise<void> {
  for (const key of await listSigningKeys(tx)) {
    const { kid, state, announcedSeq } = key
    const isWithdrawn = state === 'withdrawn'
    // The first key of all has no entry, unless it is withdrawn.
    if (!isWithdrawn && announcedSeq === 0n) continue
    const entry = isWithdrawn
      ? ({ key: { kid }, effect: 'withdrawn', action: 'key.withdraw' } as const)
      : ({ key: publicJwk(key), effect: 'announced', action: 'key.announce' } as const)
    const { seq } = await appendKeyEntry(tx, { ...entry, context })
    await replaceKeyEntry(tx, key, seq)
  }
}
