/** Ends sessions: marks them, and deletes their refresh rows so that no renewal that ran beside it can match. */
import type { Db } from '../database/database.ts'

export type EndedAs =
  | 'logged-out'
  | 'revoked'
  | 'reuse-detected'
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
 * Relies on the row locks of `sessions`, taken in the order of their ids so that two calls cannot wait for each other, and
 * on those of `refresh_tokens`: a renewal that holds one is waited for, one that comes later finds no row.
 * @returns the sessions that this call ended; those that had ended before are not among them
 */
export async function endSessions(db: Db, which: SessionSelection, endedAs: EndedAs): Promise<string[]> {
  if (which.kind === 'one') return endSessionRow(db, which.sessionId, endedAs)
  const exceptId = which.kind === 'others' ? which.exceptSessionId : null
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH standing AS (
      SELECT id FROM sessions
       WHERE ended_at IS NULL AND account_id = ${which.accountId}::uuid
         AND (${exceptId}::uuid IS NULL OR id <> ${exceptId}::uuid)
       ORDER BY id FOR UPDATE
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = ${endedAs}
        FROM standing WHERE sessions.id = standing.id RETURNING sessions.id
    ), unrenewable AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    )
    SELECT id FROM ended`
  return rows.map(({ id }) => id)
}

/** The same for one session, by its primary key. */
async function endSessionRow(db: Db, sessionId: string, endedAs: EndedAs): Promise<string[]> {
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
