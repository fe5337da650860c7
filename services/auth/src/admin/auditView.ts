/** The form in which an audit entry is listed and exported. */
import type { AuditView } from '@gatehouse/contract'
import type { AuditEntryRow } from '../store/readAudit.ts'

export function auditView(row: AuditEntryRow): AuditView {
  const { actor, action, target, reason, address, requestId, outcome, detail } = row
  const seq = row.seq === null ? null : Number(row.seq)
  const at = row.at.toISOString()
  return { id: Number(row.id), at, actor, action, target, reason, address, requestId, outcome, seq, detail }
}
