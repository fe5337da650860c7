/** Reads and changes the keys of access tokens, and appends their announcement and withdrawal to the feed. */
import type { Algorithm, FeedKey, KeyEffect, KeyState } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { RevocationResult } from './appendRevocations.ts'
import type { AuditAction } from './auditActions.ts'
import { type AuditContext, writeAudit } from './writeAudit.ts'

export interface StoredKey {
  kid: string
  algorithm: Algorithm
  publicPem: string
  sealedPrivateKey: Uint8Array | null
  state: KeyState
  announcedSeq: bigint
  withdrawnSeq: bigint | null
  announcedAt: Date
  activatedAt: Date | null
  retiredAt: Date | null
  withdrawnAt: Date | null
}

export type NewKey = Pick<StoredKey, 'kid' | 'algorithm' | 'publicPem'> & { sealedPrivateKey: Buffer | null }

/** The table grows by a row for each rotation. */
const maxKeys = 1000

/** Scans a small table: the active key, then those that were announced, retired and withdrawn, each in their order. */
export async function listSigningKeys(db: Db): Promise<StoredKey[]> {
  const rows = await db.signingKey.findMany({
    orderBy: [{ state: 'asc' }, { announcedSeq: 'asc' }, { kid: 'asc' }],
    take: maxKeys,
  })
  return rows as StoredKey[]
}

/** By primary key. */
export async function isKeyWithdrawn(db: Db, kid: string): Promise<boolean> {
  return (await db.signingKey.count({ where: { kid, state: 'withdrawn' } })) > 0
}

/** Takes the row's lock by primary key. The caller takes the feed's lock before it, as every change of a key does. */
export async function lockSigningKey(tx: Db, kid: string): Promise<StoredKey | undefined> {
  const [row] = await tx.$queryRaw<{ kid: string }[]>`SELECT kid FROM signing_keys WHERE kid = ${kid} FOR UPDATE`
  return row && ((await tx.signingKey.findUnique({ where: { kid } })) as StoredKey)
}

/** Creates the key as announced; the caller has appended the announcement. */
export async function createSigningKey(tx: Db, key: NewKey, announcedSeq: number): Promise<void> {
  const sealedPrivateKey = key.sealedPrivateKey === null ? null : new Uint8Array(key.sealedPrivateKey)
  await tx.signingKey.create({ data: { ...key, sealedPrivateKey, announcedSeq, state: 'announced' } })
}

/** One statement, so that at no time two keys are active. The caller holds the feed's lock. */
export async function activateSigningKey(tx: Db, kid: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE signing_keys
       SET state = CASE WHEN kid = ${kid} THEN 'active' ELSE 'retired' END,
           activated_at = CASE WHEN kid = ${kid} THEN clock_timestamp() ELSE activated_at END,
           retired_at = CASE WHEN kid = ${kid} THEN NULL ELSE clock_timestamp() END
     WHERE state = 'active' OR kid = ${kid}`
  await notifyReplicas(tx)
}

/** The private key is deleted, and the announcement no longer sent. The caller has appended the withdrawal. */
export async function withdrawSigningKey(
  tx: Db,
  { kid, announcedSeq }: StoredKey,
  withdrawnSeq: number,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE signing_keys
       SET state = 'withdrawn', withdrawn_at = clock_timestamp(), withdrawn_seq = ${withdrawnSeq},
           sealed_private_key = NULL
     WHERE kid = ${kid}`
  await tx.$executeRaw`UPDATE revocations SET expires_at = clock_timestamp() WHERE seq = ${announcedSeq}`
}

/** The entry before is no longer sent. The caller has appended the new one. */
export async function replaceKeyEntry(
  tx: Db,
  { kid, state, announcedSeq, withdrawnSeq }: StoredKey,
  seq: number,
): Promise<void> {
  const former = state === 'withdrawn' ? withdrawnSeq : announcedSeq
  await tx.$executeRaw`UPDATE revocations SET expires_at = clock_timestamp() WHERE seq = ${former} AND kind = 'key'`
  const data = state === 'withdrawn' ? { withdrawnSeq: seq } : { announcedSeq: seq }
  await tx.signingKey.update({ where: { kid }, data })
}

/** Announced keys never expire, and neither do withdrawn ones: a key that leaked can sign tokens for ever. */
const never = new Date('9999-12-31T00:00:00Z')

/**
 * Appends the entry of a key, with the audit entry of the action.
 *
 * Relies on the row lock of `revocation_clock`, which the caller holds.
 */
export async function appendKeyEntry(
  tx: Db,
  { key, effect, action, context }: { key: FeedKey; effect: KeyEffect; action: AuditAction; context: AuditContext },
): Promise<RevocationResult> {
  const result = { kind: 'key', subject: key.kid, effect, sessionsEnded: 0 } as const
  const [row] = await tx.$queryRaw<{ head: bigint; feedId: string }[]>`
    UPDATE revocation_clock SET head = head + 1 WHERE id = 1 RETURNING head, feed_id AS "feedId"`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  const seq = Number(row.head)
  await tx.revocation.create({ data: { seq, kind: 'key', effect, key, expiresAt: never }, select: { seq: true } })
  await writeAudit(tx, context, { action, target: key.kid, seq, detail: result })
  await tx.$queryRaw`SELECT pg_notify('gatehouse_feed', '')::text AS notified`
  await notifyReplicas(tx)
  return { seq, feedId: row.feedId, ...result }
}

/** Makes the replicas read the keys again. A lost notification costs half a minute, and no correctness. */
async function notifyReplicas(tx: Db): Promise<void> {
  await tx.$queryRaw`SELECT pg_notify('gatehouse_keys', '')::text AS notified`
}
