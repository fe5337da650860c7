/** Counts the sessions that match criteria, and ends them in batches. */
import type { Db } from '../database/database.ts'

/** Criteria that all apply; null matches every session. */
export interface SessionFilter {
  accounts: string[] | null
  client: string | null
  devicePart: string | null
  network: string | null
  createdBefore: Date
}

export interface SessionCount {
  sessions: number
  accounts: number
  includesCurrentSession: boolean
  /** Later than the start of every counted session, whose time is stored in milliseconds. */
  asOf: Date
}

/** By the index on `account_id` or `address` when the criteria name accounts or a network; otherwise a scan. */
export async function countMatching(db: Db, criteria: SessionFilter, callerSid: string): Promise<SessionCount> {
  const { accounts, client, devicePart, network, createdBefore } = criteria
  const [row] = await db.$queryRaw<SessionCount[]>`
    SELECT count(*)::int AS sessions, count(DISTINCT account_id)::int AS accounts,
           coalesce(bool_or(session.id = ${callerSid}::uuid), false) AS "includesCurrentSession",
           statement_timestamp() + interval '1 millisecond' AS "asOf"
      FROM sessions AS session JOIN revocation_clock AS clock ON clock.id = 1
     WHERE session.ended_at IS NULL AND session.expires_at > statement_timestamp()
       AND session.global_epoch >= clock.global_epoch
       AND session.created_at < ${createdBefore}::timestamptz
       AND (${accounts}::uuid[] IS NULL OR session.account_id = ANY (${accounts}::uuid[]))
       AND (${client}::text IS NULL OR session.client_id = ${client})
       AND (${devicePart}::text IS NULL OR position(lower(${devicePart}) IN lower(session.device)) > 0)
       AND (${network}::inet IS NULL OR session.address <<= ${network}::inet)`
  if (row === undefined) throw new Error('an aggregate returned no row')
  return row
}

/**
 * Ends the next batch of sessions. Relies on the row locks of `sessions`, taken in the order of the ids, so that two calls
 * cannot wait for each other. Deleting the refresh rows waits for a renewal that holds one; a later renewal finds no row.
 * @returns the ids of the ended sessions; the next call continues after the last
 */
export async function endMatching(
  db: Db,
  criteria: SessionFilter,
  { after, limit }: { after: string | null; limit: number },
): Promise<string[]> {
  const { accounts, client, devicePart, network, createdBefore } = criteria
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH active AS (
      SELECT session.id FROM sessions AS session
       WHERE session.ended_at IS NULL AND session.created_at < ${createdBefore}::timestamptz
         AND (${after}::uuid IS NULL OR session.id > ${after}::uuid)
         AND (${accounts}::uuid[] IS NULL OR session.account_id = ANY (${accounts}::uuid[]))
         AND (${client}::text IS NULL OR session.client_id = ${client})
         AND (${devicePart}::text IS NULL OR position(lower(${devicePart}) IN lower(session.device)) > 0)
         AND (${network}::inet IS NULL OR session.address <<= ${network}::inet)
       ORDER BY session.id LIMIT ${limit} FOR UPDATE
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = 'revoked'
        FROM active WHERE sessions.id = active.id RETURNING sessions.id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    )
    SELECT id FROM ended ORDER BY id`
  return rows.map(({ id }) => id)
}
