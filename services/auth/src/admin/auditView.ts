/** An audit entry as it is shown and exported. */
import type { AuditView } from '@gatehouse/contract'
import type { AuditEntryRow } from '../store/readAudit.ts'

export function auditView(row: AuditEntryRow): AuditView {
  const { actor, action, target, reason, address, requestId, outcome, detail } = row
  const seq = row.seq === null ? null : Number(row.seq)
  return {
    id: Number(row.id),
    at: row.at.toISOString(),
    actor,
    action,
    target,
    reason,
    address,
    requestId,
    outcome,
    seq,
    detail,
  }
}
