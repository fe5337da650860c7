/** Ends one session and appends the entry that says so: the commonest revocation, in one statement and one round trip. */

import type { QueryRaw } from '../database/rawSql.ts'
import type { EndedAs } from './endSessions.ts'
import type { AuditRow } from './writeAudit.ts'

export interface SessionEnd {
  sessionId: string
  /** When given, it must be this account's. */
  accountId: string | null
  /** When given, this session must be active too: it is the one that the request was sent with. */
  actorSid: string | null
  endedAs: EndedAs
  /** How long the entry is remembered: the longest token lifetime and the margin. */
  retentionMs: number
  audit: AuditRow
}

/**
 * What `endSessions` and `appendRevocations` do in a transaction, with the same locks in the same order: the session, its
 * refresh row, and the clock last, since everybody else waits for that one until the commit. The clock's condition looks at
 * what the deletion returned, which is what makes it the last.
 * @returns the number of the entry; undefined when the session does not stand. Whoever then needs the number of the entry that
 * ended it must read the head in a statement of its own: what this one sees is from before it waited for that other's lock.
 */
export async function endOneSession(db: QueryRaw, end: SessionEnd): Promise<number | undefined> {
  const { sessionId, accountId, actorSid, endedAs, retentionMs, audit } = end
  const [row] = await db.$queryRaw<{ head: number }[]>`
    WITH locked AS (
      SELECT id, account_id, ended_at FROM sessions
       WHERE id = ANY (ARRAY[${sessionId}::uuid, ${actorSid}::uuid]) ORDER BY id FOR UPDATE
    ), active AS (
      SELECT id FROM locked
       WHERE id = ${sessionId}::uuid AND ended_at IS NULL AND (${accountId}::uuid IS NULL OR account_id = ${accountId}::uuid)
         AND (${actorSid}::uuid IS NULL OR EXISTS (SELECT FROM locked WHERE id = ${actorSid}::uuid AND ended_at IS NULL))
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = ${endedAs}
        FROM active WHERE sessions.id = active.id RETURNING sessions.id
    ), unrenewable AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id RETURNING session_id
    ), clock AS (
      UPDATE revocation_clock SET head = head + 1
       WHERE id = 1 AND (SELECT count(*) FROM unrenewable) >= 0 AND EXISTS (SELECT FROM ended)
      RETURNING head
    ), appended AS (
      INSERT INTO revocations (seq, kind, subject, effect, expires_at)
      SELECT head, 'session', ${sessionId}::uuid, 'ended', clock_timestamp() + make_interval(secs => ${retentionMs / 1000}::float8)
        FROM clock
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, reason, address, request_id, outcome, seq, detail)
      SELECT ${audit.actor}, ${audit.action}, ${audit.target}, ${audit.reason}, ${audit.address}, ${audit.requestId},
             ${audit.outcome}, head, ${JSON.stringify(audit.detail)}::jsonb
        FROM clock
    )
    SELECT head::float8 AS head, pg_notify('gatehouse_feed', '')::text AS notified FROM clock`
  return row?.head
}
