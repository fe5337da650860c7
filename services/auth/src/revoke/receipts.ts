/** Keeps the receipt of every revocation that was waited for in the audit log. */

import type { QueryRaw } from '../database/rawSql.ts'
import { writeReceipt } from '../store/receipts.ts'
import type { Barrier } from './barrier.ts'

export interface ReceiptOptions {
  db: QueryRaw
  onError: (error: unknown) => void
}

/** The same barrier; once a revocation is in force, how every guard came to know is written down. */
export function recordReceipts(barrier: Barrier, { db, onError }: ReceiptOptions): Barrier {
  const wait: Barrier['wait'] = async (seq, timeoutMs) => {
    const standing = await barrier.wait(seq, timeoutMs)
    // It is in force whether or not the log can be written now: the caller is told so.
    if (standing.inForce) await writeReceipt(db, seq, standing).catch(onError)
    return standing
  }
  return { ...barrier, wait }
}
