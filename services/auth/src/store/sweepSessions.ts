/** Removes sessions that nobody can use and nobody asks about any more, a batch at a time. */
import type { Db } from '../database/database.ts'

export interface SweepBatch {
  limit: number
  /** How long a session is kept after its end, for those who ask what became of it. */
  historyDays: number
}

/**
 * By the index on `expires_at`. Here and below: rows that somebody holds are left for the next time, so two replicas share
 * the work and nobody waits; the refresh rows go by their foreign key.
 */
export async function deleteExpiredSessions(db: Db, { limit, historyDays }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE expires_at < statement_timestamp() - make_interval(days => ${historyDays}::int)
       LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/** By the index on `ended_at`: the tokens of such a session expired long ago. */
export async function deleteEndedSessions(db: Db, { limit, historyDays }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE ended_at < statement_timestamp() - make_interval(days => ${historyDays}::int)
       LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/**
 * By the index on `global_epoch`. They ended with the revocation of everyone, which wrote none of them; without its row a
 * session is refused as ended just the same.
 */
export async function deleteBelowGlobalEpoch(db: Db, { limit }: SweepBatch): Promise<number> {
  return db.$executeRaw`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE global_epoch < (SELECT global_epoch FROM revocation_clock WHERE id = 1)
       LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/**
 * Looks at the next rows by primary key: an index on the idle expiry would cost every renewal its heap-only update.
 * @param after where the last look ended
 * @returns where this one ended; null at the end of the table
 */
export async function deleteIdleSessions(
  db: Db,
  { after, limit, historyDays }: SweepBatch & { after: string | null },
): Promise<{ removed: number; last: string | null }> {
  const [row] = await db.$queryRaw<{ removed: number; last: string | null }[]>`
    WITH looked AS (
      SELECT session_id, idle_expires_at FROM refresh_tokens
       WHERE ${after}::uuid IS NULL OR session_id > ${after}::uuid ORDER BY session_id LIMIT ${limit}
    ), removed AS (
      DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions JOIN looked ON looked.session_id = id
         WHERE looked.idle_expires_at < statement_timestamp() - make_interval(days => ${historyDays}::int)
           FOR UPDATE OF sessions SKIP LOCKED)
      RETURNING 1
    )
    SELECT (SELECT count(*)::int FROM removed) AS removed,
           (SELECT session_id FROM looked ORDER BY session_id DESC LIMIT 1) AS last`
  return row ?? { removed: 0, last: null }
}
