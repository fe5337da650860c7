/** Reads the sessions of an account beyond a limit. */
import type { Db } from '../database/database.ts'

/** One log-in ends at most so many; the next ends the rest. */
const maxSurplus = 200

/**
 * By the index on `account_id`; locks nothing. A concurrent log-in is visible to the one of the two that commits later.
 * @returns the ids of the oldest sessions beyond the `max` newest, in the order in which sessions are locked
 */
export async function readSurplusSessions(
  db: Db,
  { accountId, max }: { accountId: string; max: number },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT surplus.id FROM (
      SELECT session.id, session.created_at FROM sessions AS session
        JOIN refresh_tokens AS token ON token.session_id = session.id
        JOIN revocation_clock AS clock ON clock.id = 1
       WHERE session.account_id = ${accountId}::uuid AND session.ended_at IS NULL
         AND token.idle_expires_at > statement_timestamp() AND session.global_epoch >= clock.global_epoch
       ORDER BY session.created_at DESC, session.id DESC OFFSET ${max}::int
    ) AS surplus ORDER BY surplus.created_at, surplus.id LIMIT ${maxSurplus}`
  return rows.map(({ id }) => id).toSorted()
}
