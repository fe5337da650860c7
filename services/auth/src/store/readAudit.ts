/** Reads the audit log, newest first, or oldest first for an export. */
import type { Db } from '../database/database.ts'
import type { AuditRow } from './writeAudit.ts'

export interface AuditFilter {
  actor: string | null
  target: string | null
  action: string | null
  outcome: string | null
  address: string | null
  from: Date | null
  until: Date | null
}

export interface AuditEntryRow extends Omit<AuditRow, 'detail'> {
  id: bigint
  at: Date
  seq: bigint | null
  detail: unknown
}

/** By the primary key downwards, or by the index on `(actor | target | action, id)` when one of them is given. */
export async function readAuditPage(
  db: Db,
  { actor, target, action, outcome, address, from, until }: AuditFilter,
  { before, limit }: { before: bigint | null; limit: number },
): Promise<AuditEntryRow[]> {
  return db.$queryRaw<AuditEntryRow[]>`
    SELECT id, at, actor, action, target, reason, address, request_id AS "requestId", outcome, seq, detail
      FROM audit_entries
     WHERE (${before}::bigint IS NULL OR id < ${before})
       AND (${actor}::text IS NULL OR actor = ${actor}) AND (${target}::text IS NULL OR target = ${target})
       AND (${action}::text IS NULL OR action = ${action}) AND (${outcome}::text IS NULL OR outcome = ${outcome})
       AND (${address}::text IS NULL OR address = ${address})
       AND (${from}::timestamptz IS NULL OR at >= ${from}) AND (${until}::timestamptz IS NULL OR at < ${until})
     ORDER BY id DESC LIMIT ${limit}`
}

/** The same upwards, for an export: each page begins after the last row of the one before. */
export async function readAuditOnwards(
  db: Db,
  { actor, target, action, outcome, address, from, until }: AuditFilter,
  { after, limit }: { after: bigint; limit: number },
): Promise<AuditEntryRow[]> {
  return db.$queryRaw<AuditEntryRow[]>`
    SELECT id, at, actor, action, target, reason, address, request_id AS "requestId", outcome, seq, detail
      FROM audit_entries
     WHERE id > ${after}
       AND (${actor}::text IS NULL OR actor = ${actor}) AND (${target}::text IS NULL OR target = ${target})
       AND (${action}::text IS NULL OR action = ${action}) AND (${outcome}::text IS NULL OR outcome = ${outcome})
       AND (${address}::text IS NULL OR address = ${address})
       AND (${from}::timestamptz IS NULL OR at >= ${from}) AND (${until}::timestamptz IS NULL OR at < ${until})
     ORDER BY id LIMIT ${limit}`
}
