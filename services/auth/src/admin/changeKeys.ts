/** What admins do to keys: announce, activate, withdraw. */
import { type Algorithm, conflict, ProblemError } from '@gatehouse/contract'
import type { Db, PrismaClient } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { announceKey, createSealedKey } from '../keys/announceKey.ts'
import type { KeyEncryption } from '../keys/keyEncryption.ts'
import type { KeyStore } from '../keys/keyStore.ts'
import type { Barrier } from '../revoke/barrier.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import {
  activateSigningKey,
  appendKeyEntry,
  listSigningKeys,
  lockSigningKey,
  type StoredKey,
  withdrawSigningKey,
} from '../store/signingKeys.ts'
import { writeAudit } from '../store/writeAudit.ts'

export interface KeyChangeDeps {
  db: PrismaClient
  encryption: KeyEncryption | null
  algorithm: Algorithm
  keyStore: Pick<KeyStore, 'canSign'>
  barrier: Barrier
}

/** Bounds the feed: a new guard reads every key that is not withdrawn before it gets a lease. */
const maxUsableKeys = 20

/**
 * Creates a key and announces it.
 * @throws ProblemError `conflict`, and the codes of `ReadActor`
 */
export async function announceNewKey(
  { db, encryption, algorithm: configured }: KeyChangeDeps,
  algorithm: Algorithm = configured,
  context: ActorContext,
): Promise<RevocationResult> {
  const key = createSealedKey(encryption, algorithm)
  return db.$transaction(async tx => {
    await confirmActor(tx, { readActor: context.readActor, use: 'append' })
    const usable = (await listSigningKeys(tx)).filter(({ state }) => state !== 'withdrawn')
    if (usable.length >= maxUsableKeys) throw conflict(`there are ${usable.length} keys already`)
    return announceKey(tx, key, context)
  })
}

/**
 * Makes a key sign. No guard can refuse its tokens: each live guard holds the key, and a new guard
 * gets no lease before it does.
 * @param waitMs how long to wait until every live guard holds the key
 * @throws ProblemError `not-found`, `conflict`, `unavailable` when a live guard does not hold the key yet, and the codes of `ReadActor`
 */
export async function activateKey(
  { db, keyStore, barrier }: KeyChangeDeps,
  { kid, waitMs }: { kid: string; waitMs: number },
  context: ActorContext,
): Promise<void> {
  const announced = await db.signingKey.findUnique({ where: { kid }, select: { announcedSeq: true } })
  if (announced === null) throw noSuchKey()
  const { inForce } = await barrier.wait({ seq: Number(announced.announcedSeq), feedId: null }, waitMs)
  const detail = 'A live guard does not hold the key yet.'
  if (!inForce) throw new ProblemError('unavailable', detail, { detail })
  await db.$transaction(async tx => {
    await confirmActor(tx, { readActor: context.readActor, use: 'append' })
    const key = await lockUsable(tx, kid)
    if (key.state === 'active') return
    if (!keyStore.canSign(key)) throw conflict('this replica lacks the private key')
    await activateSigningKey(tx, kid)
    await writeAudit(tx, context, { action: 'key.activate', target: kid })
  })
}

/**
 * Withdraws a key: once the result is in force, every guard and every replica refuses its tokens.
 * @throws ProblemError `not-found`, `conflict` for the active key, and the codes of `ReadActor`
 */
export async function withdrawKey(
  { db }: KeyChangeDeps,
  kid: string,
  context: ActorContext,
): Promise<RevocationResult> {
  return db.$transaction(async tx => {
    await confirmActor(tx, { readActor: context.readActor, use: 'append' })
    const key = await lockUsable(tx, kid)
    if (key.state === 'active') throw conflict('the key signs: activate another key first')
    const withdrawn = await appendKeyEntry(tx, {
      key: { kid },
      effect: 'withdrawn',
      action: 'key.withdraw',
      context,
    })
    await withdrawSigningKey(tx, key, withdrawn.seq)
    return withdrawn
  })
}

async function lockUsable(tx: Db, kid: string): Promise<StoredKey> {
  const key = await lockSigningKey(tx, kid)
  if (key === undefined) throw noSuchKey()
  if (key.state === 'withdrawn') throw conflict('the key is withdrawn')
  return key
}

function noSuchKey(): ProblemError {
  return new ProblemError('not-found', 'no such key')
}
