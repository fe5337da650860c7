/** Sessions by criteria: how many there are, and ending a batch of them. */
import type { Db } from '../database/database.ts'

/** What is null does not matter. */
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
  /** Later than the beginning of every session that was counted, which is kept to the millisecond. */
  asOf: Date
}

/** A scan, or by the index on `account_id` when accounts are named. */
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
       AND (${network}::text IS NULL OR CASE WHEN session.address ~ '^[0-9a-fA-F.:]+$'
            THEN regexp_replace(session.address, '^::ffff:(?=[0-9]+[.])', '', 'i')::inet <<= ${network}::inet ELSE false END)`
  if (row === undefined) throw new Error('an aggregate without a row')
  return row
}

/**
 * Ends the next sessions in the order of their ids, which is also the order of the locks, so that two calls cannot wait
 * for each other. Deleting their refresh rows waits for renewals that hold them; one that comes later finds none.
 * @returns the sessions that were ended; the next call continues after the last of them
 */
export async function endMatching(
  db: Db,
  criteria: SessionFilter,
  { after, limit }: { after: string | null; limit: number },
): Promise<string[]> {
  const { accounts, client, devicePart, network, createdBefore } = criteria
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH standing AS (
      SELECT session.id FROM sessions AS session
       WHERE session.ended_at IS NULL AND session.created_at < ${createdBefore}::timestamptz
         AND (${after}::uuid IS NULL OR session.id > ${after}::uuid)
         AND (${accounts}::uuid[] IS NULL OR session.account_id = ANY (${accounts}::uuid[]))
         AND (${client}::text IS NULL OR session.client_id = ${client})
         AND (${devicePart}::text IS NULL OR position(lower(${devicePart}) IN lower(session.device)) > 0)
         AND (${network}::text IS NULL OR CASE WHEN session.address ~ '^[0-9a-fA-F.:]+$'
              THEN regexp_replace(session.address, '^::ffff:(?=[0-9]+[.])', '', 'i')::inet <<= ${network}::inet ELSE false END)
       ORDER BY session.id LIMIT ${limit} FOR UPDATE
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = 'revoked'
        FROM standing WHERE sessions.id = standing.id RETURNING sessions.id
    ), unrenewable AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    )
    SELECT id FROM ended ORDER BY id`
  return rows.map(({ id }) => id)
}

/** A scan: the number of all active sessions. */
export async function countActive(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ sessions: number }[]>`
    SELECT count(*)::int AS sessions FROM sessions AS session JOIN revocation_clock AS clock ON clock.id = 1
     WHERE session.ended_at IS NULL AND session.expires_at > statement_timestamp()
       AND session.global_epoch >= clock.global_epoch`
  return row?.sessions ?? 0
}
