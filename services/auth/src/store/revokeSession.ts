/** Revokes one session: ends it and appends its feed entry, in one statement and one round trip; waits for locked rows. */
import type { QueryRaw } from '../database/rawSql.ts'
import type { EndedAs } from './endSessionRows.ts'
import { toInet } from './inet.ts'
import type { FeedPosition } from './readClock.ts'
import type { AuditRow } from './writeAudit.ts'

export interface SessionEnd {
  sessionId: string
  /** The account that the session must belong to; null for any. */
  accountId: string | null
  /** The session of the request, which must be active too; null when the request has none. */
  actorSid: string | null
  endedAs: EndedAs
  audit: AuditRow
}

/**
 * Does what `endSessionRows` and `appendRevocations` do in a transaction, with the same row locks in the same order: the session,
 * its refresh row, and the clock last, because every other revocation waits for the clock until the commit. The clock's
 * condition reads the result of the deletion, so PostgreSQL executes the deletion first.
 * @param retentionMs how long the entry is kept: the longest token lifetime and the margin
 * @returns the position of the entry; undefined when the session is not active. To learn which entry ended it, the caller must
 * read the head in another statement: the snapshot of this statement is older than its wait for the lock.
 */
export async function revokeSession(
  db: QueryRaw,
  end: SessionEnd,
  retentionMs: number,
): Promise<FeedPosition | undefined> {
  const { sessionId, accountId, actorSid, endedAs, audit } = end
  const [row] = await db.$queryRaw<FeedPosition[]>`
    WITH locked AS (
      SELECT id, account_id, ended_at FROM sessions
       WHERE id = ANY (ARRAY[${sessionId}::uuid, ${actorSid}::uuid]) ORDER BY id FOR UPDATE
    ), active AS (
      SELECT id FROM locked
       WHERE id = ${sessionId}::uuid AND ended_at IS NULL
         AND (${accountId}::uuid IS NULL OR account_id = ${accountId}::uuid)
         AND (${actorSid}::uuid IS NULL OR EXISTS (SELECT FROM locked WHERE id = ${actorSid}::uuid AND ended_at IS NULL))
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = ${endedAs}
        FROM active WHERE sessions.id = active.id RETURNING sessions.id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id RETURNING session_id
    ), clock AS (
      UPDATE revocation_clock SET head = head + 1
       WHERE id = 1 AND (SELECT count(*) FROM deleted_tokens) >= 0 AND EXISTS (SELECT FROM ended)
      RETURNING head, feed_id
    ), appended AS (
      INSERT INTO revocations (seq, kind, subject, effect, expires_at)
      SELECT head, 'session', ${sessionId}::uuid, 'ended',
             greatest(clock_timestamp() + make_interval(secs => ${retentionMs / 1000}::float8),
                      (SELECT retain_until FROM database_heartbeat WHERE id = 1))
        FROM clock
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, reason, address, request_id, outcome, seq, detail)
      SELECT ${audit.actor}, ${audit.action}, ${audit.target}, ${audit.reason}, ${toInet(audit.address)}::inet,
             ${audit.requestId}, ${audit.outcome}, head, ${JSON.stringify(audit.detail)}::jsonb
        FROM clock
    )
    SELECT head::float8 AS seq, feed_id AS "feedId", pg_notify('gatehouse_feed', '')::text AS notified FROM clock`
  return row && { seq: row.seq, feedId: row.feedId }
}
