/** Writes and reads the receipts of revocations: an audit entry of its own, written once the revocation is in force. */
import { GuardReceipt, Receipt } from '@gatehouse/contract'
import { Type } from 'typebox'
import { Compile } from 'typebox/schema'
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import type { RevocationResult } from './appendRevocations.ts'

export interface ReceiptDetail {
  waitedMs: number
  guards: GuardReceipt[]
}

export const isReceiptDetail = Compile(Type.Object({ waitedMs: Type.Integer(), guards: Type.Array(GuardReceipt) }))
export const isRevocation = Compile(Type.Pick(Receipt, ['kind', 'subject', 'effect', 'sessionsEnded']))

export interface NewReceipt extends ReceiptDetail {
  seq: number
}

/**
 * By the index on `seq`. Two replicas may both write a receipt, and both are true. The statement does not wait for the disk: the
 * revocation rests on rows that are already durable, so a crash of PostgreSQL within the second loses only the receipt.
 *
 * The subquery is executed for each receipt. As NOT EXISTS, and with an index condition on `action`, PostgreSQL plans a join that
 * reads all receipts of a month whose partition has no statistics yet.
 */
export async function writeReceipts(db: QueryRaw, receipts: readonly NewReceipt[]): Promise<void> {
  const bySeq = new Map(receipts.map(({ seq, waitedMs, guards }) => [seq, { seq, detail: { waitedMs, guards } }]))
  await db.$queryRaw`
    INSERT INTO audit_entries (action, outcome, seq, detail)
    SELECT ${receiptAction}, 'done', receipt.seq, receipt.detail
      FROM set_config('synchronous_commit', 'off', true),
           jsonb_to_recordset(${JSON.stringify([...bySeq.values()])}::jsonb) AS receipt (seq bigint, detail jsonb)
     WHERE (SELECT known.id FROM audit_entries AS known
             WHERE known.seq = receipt.seq AND known.action IS NOT DISTINCT FROM ${receiptAction} LIMIT 1) IS NULL`
}

export const receiptAction = 'revocation.in-force'

/**
 * Reads what was revoked under this number, by the index on `seq`, else by primary key.
 * @returns the revocation, and its receipt if a replica saw it in force; undefined when there is no such revocation
 */
export async function readReceipt(
  db: Db,
  seq: number,
): Promise<{ revoked: RevocationResult; receipt: ReceiptDetail | undefined } | undefined> {
  const entries = await db.auditEntry.findMany({
    where: { seq },
    orderBy: { id: 'asc' },
    select: { action: true, detail: true },
  })
  const action = entries.find(entry => entry.action !== receiptAction)?.detail
  const receipt = entries.find(entry => entry.action === receiptAction)?.detail
  const revoked = isRevocation.Check(action) ? resultOf(action, seq) : await readEntry(db, seq)
  return revoked && { revoked, receipt: isReceiptDetail.Check(receipt) ? receipt : undefined }
}

/** By primary key. @returns how long ago the entry was appended; 0 when it has been deleted since */
export async function readEntryAgeMs(db: QueryRaw, seq: number): Promise<number> {
  const rows = await db.$queryRaw<{ ageMs: number }[]>`
    SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 * 1000 AS "ageMs" FROM revocations WHERE seq = ${seq}`
  return rows[0]?.ageMs ?? 0
}

/** An entry in the middle of a bulk revocation has no audit entry of its own. */
async function readEntry(db: Db, seq: number): Promise<RevocationResult | undefined> {
  const entry = await db.revocation.findUnique({
    where: { seq },
    select: { kind: true, subject: true, effect: true },
  })
  const detail = { ...entry, sessionsEnded: entry?.kind === 'session' ? 1 : 0 }
  return isRevocation.Check(detail) ? resultOf(detail, seq) : undefined
}

function resultOf(
  { kind, subject, effect, sessionsEnded }: Omit<RevocationResult, 'seq' | 'feedId'>,
  seq: number,
): RevocationResult {
  return { seq, feedId: null, kind, subject, effect, sessionsEnded }
}
