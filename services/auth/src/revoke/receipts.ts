/** Keeps the receipt of every revocation that was waited for in the audit log. */

import type { Direct } from '../database/rawSql.ts'
import { writeReceipt } from '../store/receipts.ts'
import type { Barrier } from './barrier.ts'

export interface ReceiptOptions {
  db: Direct
  onError: (error: unknown) => void
}

/** The same barrier; once a revocation is in force, how every guard came to know is written down. */
export function keepReceipts(barrier: Barrier, { db, onError }: ReceiptOptions): Barrier {
  const wait: Barrier['wait'] = async (seq, patienceMs) => {
    const standing = await barrier.wait(seq, patienceMs)
    // It is in force whether or not the log can be written now: the caller is told so.
    if (standing.inForce) await writeReceipt(db, seq, standing).catch(onError)
    return standing
  }
  return { ...barrier, wait }
}
