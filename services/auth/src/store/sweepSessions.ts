/** Deletes sessions that ended or expired long ago, in batches. */
import type { Db } from '../database/database.ts'
import type { Slice, SweptSlice } from './sweepRecords.ts'

export interface SweepBatch {
  limit: number
  /** How long an ended session is kept, in days, so that admins can look it up. */
  historyDays: number
}

/**
 * By the index on `expires_at`. Here and below, `SKIP LOCKED` leaves locked rows to the next sweep, so that two replicas share
 * the work and none waits; the foreign key deletes the refresh rows.
 */
export async function deleteExpiredSessions(db: Db, { limit, historyDays }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id = ANY (ARRAY(
      SELECT id FROM sessions WHERE expires_at < statement_timestamp() - make_interval(days => ${historyDays}::int)
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/** By the index on `ended_at`: the tokens of these sessions have expired. */
export async function deleteEndedSessions(db: Db, { limit, historyDays }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id = ANY (ARRAY(
      SELECT id FROM sessions WHERE ended_at < statement_timestamp() - make_interval(days => ${historyDays}::int)
       ORDER BY ended_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/**
 * By the index on `global_epoch`. These sessions ended when the global epoch was raised, which updated none of their rows.
 * A session without a row is refused in the same way.
 */
export async function deleteBelowGlobalEpoch(db: Db, { limit }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id = ANY (ARRAY(
      SELECT id FROM sessions WHERE global_epoch < (SELECT global_epoch FROM revocation_clock WHERE id = 1)
       ORDER BY global_epoch LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/** Reads the next rows by primary key: with an index on the idle expiry, no renewal would be a heap-only update. */
export async function deleteIdleSessions(
  db: Db,
  { after, limit, historyDays }: SweepBatch & Slice,
): Promise<SweptSlice> {
  const [row] = await db.$queryRaw<SweptSlice[]>`
    WITH candidates AS (
      SELECT session_id, idle_expires_at FROM refresh_tokens
       WHERE session_id > ${after}::uuid ORDER BY session_id LIMIT ${limit}
    ), deleted AS (
      DELETE FROM sessions WHERE id = ANY (ARRAY(
        SELECT id FROM sessions
         WHERE id = ANY (ARRAY(
           SELECT session_id FROM candidates
            WHERE idle_expires_at < statement_timestamp() - make_interval(days => ${historyDays}::int)))
           FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT (SELECT count(*)::int FROM deleted) AS removed,
           (SELECT session_id FROM candidates ORDER BY session_id DESC LIMIT 1) AS last`
  return row ?? { removed: 0, last: null }
}
