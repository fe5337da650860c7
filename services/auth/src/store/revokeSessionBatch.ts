/** Revokes several sessions, each with its own feed entry and audit entry, in one statement and one commit. */
import type { QueryRaw } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'
import { toInet } from './inet.ts'
import type { FeedPosition } from './readClock.ts'
import type { SessionEnd } from './revokeSession.ts'

/**
 * Does what `revokeSession` does, for sessions of which each may occur once. The entries are numbered in the order of `ends`.
 *
 * The steps of the statement:
 * 1. `input`: the ends, numbered by their position.
 * 2. `locked`, `tokens`: lock the sessions, those of the actors and the refresh rows; leave out what is locked.
 * 3. `active`: the ends that may proceed.
 * 4. `ended`, `deleted_tokens`: mark the sessions and delete their refresh rows.
 * 5. `clock`, `numbered`: lock the clock, raise its head once, and number the entries.
 * 6. `appended`, `audited`: append the feed entries and the audit entries; then notify the replicas.
 *
 * Relies on `SKIP LOCKED`: the statement waits only for the clock, which it locks last and once for all entries. So a locked
 * session delays no other, and two of these statements cannot wait for each other. A transaction that already holds the clock
 * may call it too.
 * @param retentionMs how long the entries are kept: the longest token lifetime and the margin
 * @returns the positions by session; a session that is missing is not active, or its row or that of its actor is locked
 */
export async function revokeSessionBatch(
  db: QueryRaw,
  ends: readonly SessionEnd[],
  retentionMs: number,
): Promise<Map<string, FeedPosition>> {
  const rows = ends.map(({ audit, ...end }) => ({
    ...end,
    ...audit,
    address: toInet(audit.address),
    detail: JSON.stringify(audit.detail),
  }))
  const [sessionIds = [], accountIds = [], actorSids = [], endings = []] = unnest(rows, [
    'sessionId',
    'accountId',
    'actorSid',
    'endedAs',
  ])
  const [actors = [], actions = [], targets = [], reasons = []] = unnest(rows, ['actor', 'action', 'target', 'reason'])
  const [addresses = [], requestIds = [], results = [], details = []] = unnest(rows, [
    'address',
    'requestId',
    'outcome',
    'detail',
  ])
  const ended = await db.$queryRaw<(FeedPosition & { sessionId: string })[]>`
    WITH input AS (
      SELECT *
        FROM unnest(${sessionIds}::uuid[], ${accountIds}::uuid[], ${actorSids}::uuid[], ${endings}::text[],
                    ${actors}::text[], ${actions}::text[], ${targets}::text[], ${reasons}::text[],
                    ${addresses}::inet[], ${requestIds}::text[], ${results}::text[], ${details}::text[]) WITH ORDINALITY
             AS input (session_id, account_id, actor_sid, ended_as, actor, action, target, reason, address, request_id,
                       outcome, detail, position)
    ), locked AS (
      SELECT id, account_id, ended_at FROM sessions
       WHERE id = ANY (${sessionIds}::uuid[] || ${actorSids}::uuid[]) FOR UPDATE SKIP LOCKED
    ), tokens AS (
      SELECT token.session_id
        FROM input JOIN locked ON locked.id = input.session_id
        JOIN refresh_tokens AS token ON token.session_id = input.session_id
         FOR UPDATE OF token SKIP LOCKED
    ), active AS (
      SELECT input.* FROM input JOIN locked AS session ON session.id = input.session_id
       WHERE session.ended_at IS NULL AND (input.account_id IS NULL OR session.account_id = input.account_id)
         AND (input.actor_sid IS NULL
              OR EXISTS (SELECT FROM locked AS actor WHERE actor.id = input.actor_sid AND actor.ended_at IS NULL))
         AND (EXISTS (SELECT FROM tokens WHERE tokens.session_id = input.session_id)
              OR NOT EXISTS (SELECT FROM refresh_tokens AS token WHERE token.session_id = input.session_id))
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = active.ended_as
        FROM active WHERE sessions.id = active.session_id RETURNING sessions.id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id RETURNING session_id
    ), clock AS (
      UPDATE revocation_clock SET head = head + (SELECT count(*) FROM ended)
       WHERE id = 1 AND (SELECT count(*) FROM deleted_tokens) >= 0 AND EXISTS (SELECT FROM ended)
      RETURNING head, feed_id
    ), numbered AS (
      SELECT active.*, clock.feed_id, clock.head - count(*) OVER () + row_number() OVER (ORDER BY active.position)
               AS seq
        FROM active JOIN ended ON ended.id = active.session_id CROSS JOIN clock
    ), appended AS (
      INSERT INTO revocations (seq, kind, subject, effect, expires_at)
      SELECT seq, 'session', session_id, 'ended',
             greatest(clock_timestamp() + make_interval(secs => ${retentionMs / 1000}::float8),
                      (SELECT retain_until FROM database_heartbeat WHERE id = 1))
        FROM numbered
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, reason, address, request_id, outcome, seq, detail)
      SELECT actor, action, target, reason, address, request_id, outcome, seq, detail::jsonb FROM numbered ORDER BY seq
    )
    SELECT session_id AS "sessionId", seq::float8 AS seq, feed_id AS "feedId",
           (SELECT pg_notify('gatehouse_feed', '')::text FROM clock) AS notified
      FROM numbered`
  return new Map(ended.map(({ sessionId, seq, feedId }) => [sessionId, { seq, feedId }]))
}
