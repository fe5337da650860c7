/** Writes the audit log: who did what to whom, and from where. It never holds a secret. */
import type { Db } from '../database/database.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { AuditAction } from './auditActions.ts'
import { toInet } from './inet.ts'

/** Evidence, as JSON. */
export type AuditDetail = Prisma.InputJsonObject

export interface AuditRow {
  /** Id of the account or service client that acted; null when the request was not authenticated. */
  actor: string | null
  action: AuditAction
  target: string | null
  reason: string | null
  address: string | null
  requestId: string | null
  outcome: string
  detail: AuditDetail
  /** The feed entry that the action appended. */
  seq?: number
}

/** For actions that revoke nothing; `appendRevocations` and `endOneSession` write the entry of those that do. */
export async function writeAudit(db: Db, row: AuditRow): Promise<void> {
  const { address, seq, ...fields } = row
  await db.auditEntry.create({
    data: { ...fields, address: toInet(address), seq: seq ?? null },
    select: { id: true },
  })
}

/** An attempt that was refused before the client was authenticated. */
export function writeRefusedAttempt(
  db: Db,
  attempt: Pick<AuditRow, 'action' | 'target' | 'outcome'>,
  { address, requestId }: { address: string; requestId: string },
): Promise<void> {
  return writeAudit(db, { ...attempt, actor: null, reason: null, address, requestId, detail: {} })
}
