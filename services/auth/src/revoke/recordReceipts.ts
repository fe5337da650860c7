/** Stores the receipt of each revocation that is in force in the audit log. */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { type NewReceipt, writeReceipts } from '../store/receipts.ts'
import type { Barrier } from './barrier.ts'

export interface ReceiptOptions {
  db: QueryRaw
  clock: Pick<Clock, 'sleep'>
  onError: (error: unknown) => void
}

/** A receipt has an element for each guard. */
const maxItems = 64

/**
 * @returns the same barrier, which stores what each guard acknowledged once a revocation is in force. Receipts that are ready
 * together share a statement.
 */
export function recordReceipts(barrier: Barrier, { db, clock, onError }: ReceiptOptions): Barrier {
  const receipts = createBatcher<NewReceipt, void>({
    run: async batch => {
      await writeReceipts(db, batch)
      return batch.map(() => undefined)
    },
    maxItems,
    clock,
  })
  const wait: Barrier['wait'] = async (entry, timeoutMs, watch) => {
    const result = await barrier.wait(entry, timeoutMs, watch)
    const { inForce, waitedMs, guards } = result
    // A failed write does not change the answer: the revocation is in force in either case.
    if (inForce) await receipts.add({ seq: entry.seq, waitedMs, guards }).catch(onError)
    return result
  }
  return { ...barrier, wait }
}
