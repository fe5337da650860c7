/** The receipts of revocations: an audit entry of its own, written once it is in force. */
import type { GuardReceipt } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import type { RevocationResult } from './appendRevocations.ts'

export interface ReceiptDetail {
  waitedMs: number
  guards: GuardReceipt[]
}

/**
 * By the index on `seq`; of two at once both may write, and either says the truth. It does not wait for the disk: the answer
 * rests on rows that are there already, and a database that crashes within the second loses the evidence, not the revocation.
 */
export async function writeReceipt(db: QueryRaw, seq: number, { waitedMs, guards }: ReceiptDetail): Promise<void> {
  await db.$queryRaw`
    INSERT INTO audit_entries (action, outcome, seq, detail)
    SELECT 'revocation.in-force', 'done', ${seq}, ${JSON.stringify({ waitedMs, guards })}::jsonb
      FROM set_config('synchronous_commit', 'off', true)
     WHERE NOT EXISTS (SELECT FROM audit_entries WHERE seq = ${seq} AND action = 'revocation.in-force')`
}

interface Row {
  action: string
  detail: Record<string, unknown>
}

/** What was revoked under this number, and how it came in force if that was seen. By the index on `seq`, else by primary key. */
export async function readReceipt(
  db: Db,
  seq: number,
): Promise<{ revoked: RevocationResult; proof: ReceiptDetail | undefined } | undefined> {
  const rows = await db.$queryRaw<Row[]>`SELECT action, detail FROM audit_entries WHERE seq = ${seq} ORDER BY id`
  const act = rows.find(({ action }) => action !== 'revocation.in-force')?.detail
  const proof = rows.find(({ action }) => action === 'revocation.in-force')?.detail
  const revoked = act === undefined ? await readEntry(db, seq) : revokedOf(act, seq)
  return revoked && { revoked, proof: proof as ReceiptDetail | undefined }
}

/** An entry in the middle of a bulk revocation has no act of its own. */
async function readEntry(db: Db, seq: number): Promise<RevocationResult | undefined> {
  const [row] = await db.$queryRaw<Pick<RevocationResult, 'kind' | 'subject' | 'effect'>[]>`
    SELECT kind, subject, effect FROM revocations WHERE seq = ${seq}`
  return row && { ...row, seq, sessionsEnded: row.kind === 'session' ? 1 : 0 }
}

/** As `createRevocations` wrote it. */
function revokedOf(detail: Record<string, unknown>, seq: number): RevocationResult {
  const { kind, subject, effect, sessionsEnded } = detail as {
    [Name in 'kind' | 'subject' | 'effect' | 'sessionsEnded']: never
  }
  return { seq, kind, subject, effect, sessionsEnded }
}
