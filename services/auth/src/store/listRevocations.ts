/** Lists revocations from the audit log: the actions, and the receipts that were written later. */
import type { Db } from '../database/database.ts'
import { isReceiptDetail, isRevocation, type ReceiptDetail, receiptAction } from './receipts.ts'

export interface RevocationRow {
  seq: number
  at: Date
  actor: string | null
  action: string
  target: string | null
  reason: string | null
  detail: unknown
  receipt: ReceiptDetail | undefined
}

const columns = { seq: true, at: true, actor: true, action: true, target: true, reason: true, detail: true }

/** Newest first, downwards by the index on `seq`. */
export async function listRevocations(
  db: Db,
  { before, limit }: { before: number | null; limit: number },
): Promise<RevocationRow[]> {
  const actions = await db.auditEntry.findMany({
    where: { seq: before === null ? { not: null } : { lt: before }, action: { not: receiptAction } },
    orderBy: { seq: 'desc' },
    take: limit,
    select: columns,
  })
  const seqs = actions.flatMap(({ seq }) => (seq === null ? [] : [seq]))
  const receipts = await db.auditEntry.findMany({
    where: { seq: { in: seqs }, action: receiptAction },
    select: { seq: true, detail: true },
  })
  const receiptOf = new Map(receipts.map(({ seq, detail }) => [seq, detail]))
  return actions.map(({ seq, ...action }) => {
    const receipt = receiptOf.get(seq)
    return { ...action, seq: Number(seq), receipt: isReceiptDetail.Check(receipt) ? receipt : undefined }
  })
}

/** What a revocation did, as its audit entry says. */
export function revocationDetail(detail: unknown) {
  if (!isRevocation.Check(detail)) return { kind: null, subject: null, effect: null, sessionsEnded: 0 }
  const { kind, subject, effect, sessionsEnded } = detail
  return { kind, subject, effect, sessionsEnded }
}
