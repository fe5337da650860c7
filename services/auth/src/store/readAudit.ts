/** Reads the audit log: newest first for the list, oldest first for an export. */
import type { Db } from '../database/database.ts'
import { toInet } from './inet.ts'
import type { AuditRow } from './writeAudit.ts'

export interface AuditFilter {
  actor: string | null
  target: string | null
  action: string | null
  outcome: string | null
  address: string | null
  seq: number | null
  from: Date | null
  until: Date | null
}

export interface AuditEntryRow extends Omit<AuditRow, 'action' | 'detail'> {
  id: bigint
  action: string
  at: Date
  seq: bigint | null
  detail: unknown
}

/** Downwards by the primary key, or by the index on `(actor | target | action, id)` when the filter names one of them. */
export async function readAuditPage(
  db: Db,
  filter: AuditFilter,
  { before, limit }: { before: bigint | null; limit: number },
): Promise<AuditEntryRow[]> {
  return db.auditEntry.findMany({
    where: { ...entriesMatching(filter), ...(before === null ? {} : { id: { lt: before } }) },
    orderBy: { id: 'desc' },
    take: limit,
  })
}

/** Upwards by the same indexes: each page begins after the last row of the page before. */
export async function readAuditOnwards(
  db: Db,
  filter: AuditFilter,
  { after, limit }: { after: bigint; limit: number },
): Promise<AuditEntryRow[]> {
  return db.auditEntry.findMany({
    where: { ...entriesMatching(filter), id: { gt: after } },
    orderBy: { id: 'asc' },
    take: limit,
  })
}

/** The unspecified address: no client connects from it. */
const noAddress = '::'

function entriesMatching({ actor, target, action, outcome, address, seq, from, until }: AuditFilter) {
  return {
    ...(actor === null ? {} : { actor }),
    ...(target === null ? {} : { target }),
    ...(action === null ? {} : { action }),
    ...(outcome === null ? {} : { outcome }),
    ...(address === null ? {} : { address: toInet(address) ?? noAddress }),
    ...(seq === null ? {} : { seq }),
    at: { ...(from === null ? {} : { gte: from }), ...(until === null ? {} : { lt: until }) },
  }
}
