/** The audit log: who did what to whom, from where. Nothing secret goes in. */
import type { Db } from '../database/database.ts'
import type { AuditAction } from './auditActions.ts'

export interface AuditRow {
  /** The account or client that acted; null when nobody is known. */
  actor: string | null
  action: AuditAction
  target: string | null
  reason: string | null
  address: string | null
  requestId: string | null
  outcome: string
  detail: Record<string, unknown>
}

/** For acts that revoke nothing; those that do are audited by `appendRevocations`, in the same statement. */
export async function writeAudit(db: Db, row: AuditRow): Promise<void> {
  await db.$executeRaw`
    INSERT INTO audit_entries (actor, action, target, reason, address, request_id, outcome, detail)
    VALUES (${row.actor}, ${row.action}, ${row.target}, ${row.reason}, ${row.address}, ${row.requestId}, ${row.outcome},
            ${JSON.stringify(row.detail)}::jsonb)`
}

/** A try that was refused, of somebody who is not known. */
export function writeRefusedAttempt(
  db: Db,
  tried: Pick<AuditRow, 'action' | 'target' | 'outcome'>,
  { address, requestId }: { address: string; requestId: string },
): Promise<void> {
  return writeAudit(db, { ...tried, actor: null, reason: null, address, requestId, detail: {} })
}
