/** Ends sessions without a feed entry: marks them, and deletes their refresh rows so that no concurrent renewal matches. */
import type { Db } from '../database/database.ts'

export type EndedAs =
  | 'logged-out'
  | 'revoked'
  | 'reuse-detected'
  | 'sharing-detected'
  | 'limit-exceeded'
  | 'password-changed'
  | 'account-disabled'
  | 'account-deleted'

export interface OneSession {
  kind: 'one'
  sessionId: string
  accountId?: string
}
export type SessionSelection =
  | OneSession
  | { kind: 'all'; accountId: string }
  | { kind: 'others'; accountId: string; exceptSessionId: string }

/**
 * Relies on the row locks of `sessions`, taken in the order of the ids so that two calls cannot wait for each other, and on
 * the row locks of `refresh_tokens`: it waits for a renewal that holds one, and a later renewal finds no row. A device that the
 * user has approved gets no session later. `SKIP LOCKED`: a device that polls now holds its row and waits for the account.
 * @returns the ids of the sessions that this call ended
 */
export async function endSessionRows(db: Db, which: SessionSelection, endedAs: EndedAs): Promise<string[]> {
  if (which.kind === 'one') return endSessionById(db, which.sessionId, endedAs)
  const exceptId = which.kind === 'others' ? which.exceptSessionId : null
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH active AS (
      SELECT id FROM sessions
       WHERE ended_at IS NULL AND account_id = ${which.accountId}::uuid
         AND (${exceptId}::uuid IS NULL OR id <> ${exceptId}::uuid)
       ORDER BY id FOR UPDATE
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = ${endedAs}
        FROM active WHERE sessions.id = active.id RETURNING sessions.id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    ), denied_devices AS (
      UPDATE device_authorizations SET decision = 'denied'
       WHERE device_code_hash = ANY (ARRAY(
         SELECT device_code_hash FROM device_authorizations
          WHERE account_id = ${which.accountId}::uuid AND decision = 'approved' FOR UPDATE SKIP LOCKED))
    )
    SELECT id FROM ended`
  return rows.map(({ id }) => id)
}

/** The same for one session, by its primary key. */
async function endSessionById(db: Db, sessionId: string, endedAs: EndedAs): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = ${endedAs}
       WHERE id = ${sessionId}::uuid AND ended_at IS NULL RETURNING id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    )
    SELECT id FROM ended`
  return rows.map(({ id }) => id)
}
