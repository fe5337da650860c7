/** Stores the receipt of each revocation that is in force in the audit log. */

import type { QueryRaw } from '../database/rawSql.ts'
import { writeReceipt } from '../store/receipts.ts'
import type { Barrier } from './barrier.ts'

export interface ReceiptOptions {
  db: QueryRaw
  onError: (error: unknown) => void
}

/**
 * @returns the same barrier, which stores what each guard acknowledged once a revocation is in
 * force
 */
export function recordReceipts(barrier: Barrier, { db, onError }: ReceiptOptions): Barrier {
  const wait: Barrier['wait'] = async (entry, timeoutMs, watch) => {
    const result = await barrier.wait(entry, timeoutMs, watch)
    // A failed write does not change the answer: the revocation is in force in either case.
    if (result.inForce) await writeReceipt(db, entry.seq, result).catch(onError)
    return result
  }
  return { ...barrier, wait }
}
