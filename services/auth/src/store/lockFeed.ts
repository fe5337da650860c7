/**
 * Orders an action before or after every revocation, by the lock that each revocation holds until
 * its commit.
 */
import type { Db } from '../database/database.ts'

/**
 * Relies on the row lock of `revocation_clock`. Every revocation updates that row and holds it
 * until its commit. What the transaction reads after this lock therefore includes each revocation
 * that committed before, and each later revocation commits after this transaction. The lock is the
 * last that a transaction takes, so it takes part in no deadlock.
 * @param use `append` when the transaction appends to the feed, `read` otherwise: a shared lock
 *   cannot be raised without the risk of a deadlock
 */
export async function lockFeed(db: Db, use: 'append' | 'read'): Promise<void> {
  if (use === 'append') await db.$queryRaw`SELECT head FROM revocation_clock WHERE id = 1 FOR UPDATE`
  else await db.$queryRaw`SELECT head FROM revocation_clock WHERE id = 1 FOR SHARE`
}
