/** Writes the audit log: who did what to whom, and from where. It never holds a secret. */
import type { Db } from '../database/database.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { AuditAction } from './auditActions.ts'
import { toInet } from './inet.ts'

/** Evidence, as JSON. */
export type AuditDetail = Prisma.InputJsonObject

/** The part of an audit entry that is known before the action: who acts, from where and why. */
export interface AuditContext {
  /** Id of the account or service client that acts; null when the request is not authenticated. */
  actor: string | null
  reason?: string | null
  address?: string | null
  requestId?: string | null
  /** Evidence that is written beside the action's own. */
  detail?: AuditDetail
}

export interface AuditEntry {
  action: AuditAction
  target: string | null
  /** `done` by default. */
  outcome?: string
  detail?: AuditDetail
  /** The feed entry that the action appended. */
  seq?: number
}

/** What a statement needs that writes the entry itself. */
export type AuditRow = Required<AuditContext & Omit<AuditEntry, 'seq'>>

/** For actions that revoke nothing; `appendRevocations` and `revokeSession` write the entry of those that do. */
export async function writeAudit(db: Db, context: AuditContext, { seq, ...entry }: AuditEntry): Promise<void> {
  const { address, ...fields } = auditRow(context, entry)
  await db.auditEntry.create({
    data: { ...fields, address: toInet(address), seq: seq ?? null },
    select: { id: true },
  })
}

export function auditRow(context: AuditContext, entry: Omit<AuditEntry, 'seq'>): AuditRow {
  const { actor, reason = null, address = null, requestId = null, detail: evidence } = context
  const { action, target, outcome = 'done', detail } = entry
  return { actor, reason, address, requestId, action, target, outcome, detail: { ...evidence, ...detail } }
}

/** An attempt that was refused before the client was authenticated. */
export function writeRefusedAttempt(
  db: Db,
  { address, requestId }: { address: string; requestId: string },
  attempt: Pick<AuditEntry, 'action' | 'target'> & { outcome: string },
): Promise<void> {
  return writeAudit(db, { actor: null, address, requestId }, attempt)
}
