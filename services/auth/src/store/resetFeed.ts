/** Makes a database that was restored from a backup safe to serve again. */
import type { Db } from '../database/database.ts'
import { lowestId } from './sweepRecords.ts'

/** A statement on a million accounts would exceed its limit of time. */
const sliceSize = 5000

/**
 * Raises the epoch of every account, then gives the feed a new identity. Relies on the row locks of
 * `accounts`, by primary key, and then of `revocation_clock`, in the order of all revocations. The new
 * epochs exceed those of tokens that were issued after the backup, since `next_epoch` follows the clock.
 * @param holdMs how long barriers are held: lease and margin
 * @returns the new id of the feed, at which guards forget their cursor and read the feed from its
 *   beginning
 */
export async function resetFeed(tx: Db, holdMs: number): Promise<string> {
  for (let after: string | null = lowestId; after !== null; ) after = await raiseEpochs(tx, after)
  const [row] = await tx.$queryRaw<{ feedId: string }[]>`
    UPDATE revocation_clock
       SET feed_id = gen_random_uuid(), history = database_history(),
           hold_until = clock_timestamp() + make_interval(secs => ${holdMs / 1000}::float8)
     WHERE id = 1 RETURNING feed_id AS "feedId"`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row.feedId
}

/** @returns the last account of the slice; null when none was left */
async function raiseEpochs(tx: Db, after: string): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ last: string | null }[]>`
    WITH slice AS (
      SELECT id FROM accounts WHERE id > ${after}::uuid ORDER BY id LIMIT ${sliceSize}
    ), raised AS (
      UPDATE accounts SET epoch = next_epoch(epoch), version = version + 1 WHERE id = ANY (ARRAY(SELECT id FROM slice))
    )
    SELECT (SELECT id FROM slice ORDER BY id DESC LIMIT 1) AS last`
  return row?.last ?? null
}
