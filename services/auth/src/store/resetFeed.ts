/** Makes a database that was restored from a backup safe to serve again. */
import type { Db } from '../database/database.ts'

/**
 * Raises the epoch of every account, then gives the feed a new identity. Relies on the row locks of
 * `accounts` and then of `revocation_clock`, in the order of all revocations. The new epochs exceed
 * those of tokens that were issued after the backup, since `next_epoch` follows the clock.
 * @param holdMs how long barriers are held: lease and margin
 * @returns the new id of the feed, at which guards forget their cursor and read the feed from its
 *   beginning
 */
export async function resetFeed(tx: Db, holdMs: number): Promise<string> {
  await tx.$executeRaw`UPDATE accounts SET epoch = next_epoch(epoch), version = version + 1`
  const [row] = await tx.$queryRaw<{ feedId: string }[]>`
    UPDATE revocation_clock
       SET feed_id = gen_random_uuid(), history = database_history(),
           hold_until = clock_timestamp() + make_interval(secs => ${holdMs / 1000}::float8)
     WHERE id = 1 RETURNING feed_id AS "feedId"`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row.feedId
}
