/** The ordinary renewal: guards, rotates and reads all that an access token needs in one statement. */

import type { RawSql, Value } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'

export interface Rotation {
  sessionId: string
  generation: number
  presentedHash: Buffer
  successorHash: Buffer
  /** SHA-256 of the Idempotency-Key, when the client sent one. */
  idempotencyKeyHash: Buffer | null
}

/** How long a session may go without a renewal, in seconds; the short one is without `remember`. */
export interface IdleTimes {
  idle: number
  shortIdle: number
}

/** What an access token is made from. */
export interface Grant {
  sessionId: string
  accountId: string
  clientId: string
  roles: string[]
  scopes: string[]
  epoch: number
  globalEpoch: number
  remember: boolean
  /** By the database's clock, as are all below, in milliseconds since 1970. */
  issuedAtMs: number
  authenticatedAtMs: number
  expiresAtMs: number
}

/**
 * Rotates, if the presented secret is the current one and its session and account stand.
 *
 * Relies on the row lock of `refresh_tokens`: of many renewals one matches, the others find another hash once they get the
 * lock. Ending a session deletes this row, so a renewal either commits before the end or matches nothing; and while the row
 * stands it says all of the session that a renewal asks, and idles out no later than the session expires. The primary keys
 * serve all three tables, and no indexed column changes, so the update stays heap-only.
 * @returns nothing when no row matched: `readRotationFacts` then says why
 */
export async function rotateRefreshToken(
  db: Pick<RawSql, 'query'>,
  rotation: Rotation,
  idle: IdleTimes,
): Promise<Grant | undefined> {
  const { sessionId, generation, presentedHash, successorHash, idempotencyKeyHash } = rotation
  const values: Value[] = [sessionId, generation, presentedHash, successorHash, idempotencyKeyHash]
  const [grant] = await db.query<Grant>(one, [idle.idle, idle.shortIdle, ...values])
  return grant
}

/**
 * The same for many sessions in one statement and one commit; each session may stand in it once.
 *
 * Takes only rows that nobody holds: it never waits for one session while it holds others, so no session can hinder another,
 * and two of these cannot wait for each other.
 * @returns the grants by session; for one that is not among them, ask by itself
 */
export async function rotateRefreshTokens(
  db: Pick<RawSql, 'query'>,
  rotations: readonly Rotation[],
  idle: IdleTimes,
): Promise<Map<string, Grant>> {
  const columns = unnest(rotations, ['sessionId', 'generation', 'presentedHash', 'successorHash', 'idempotencyKeyHash'])
  const grants = await db.query<Grant>(many, [idle.idle, idle.shortIdle, ...columns])
  return new Map(grants.map(grant => [grant.sessionId, grant]))
}

/** @param asked a row for each renewal, as a subquery */
const rotationOf = (asked: string) => `
  UPDATE refresh_tokens AS token
     SET generation = token.generation + 1,
         previous_hash = token.current_hash,
         current_hash = asked.successor_hash,
         idempotency_key_hash = asked.idempotency_key_hash,
         rotated_at = statement_timestamp(),
         idle_expires_at = least(token.expires_at, statement_timestamp() + make_interval(secs =>
           CASE WHEN token.remember THEN $1::float8 ELSE $2::float8 END))
    FROM (${asked}) AS asked, accounts AS account, revocation_clock AS clock
   WHERE token.session_id = asked.session_id
     AND token.generation = asked.generation
     AND token.current_hash = asked.presented_hash
     AND token.idle_expires_at > statement_timestamp()
     AND account.id = token.account_id
     AND account.disabled_at IS NULL
     AND clock.id = 1
     AND token.global_epoch >= clock.global_epoch
  RETURNING token.session_id AS "sessionId", account.id AS "accountId", token.client_id AS "clientId",
            account.roles, account.scopes, account.epoch, clock.global_epoch AS "globalEpoch", token.remember,
            extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
            extract(epoch FROM token.authenticated_at)::float8 * 1000 AS "authenticatedAtMs",
            extract(epoch FROM token.expires_at)::float8 * 1000 AS "expiresAtMs"`

const one = rotationOf(`
  SELECT $3::uuid AS session_id, $4::int AS generation, $5::bytea AS presented_hash, $6::bytea AS successor_hash,
         $7::bytea AS idempotency_key_hash`)

const many = rotationOf(`
  SELECT asked.*
    FROM unnest($3::uuid[], $4::int[], $5::bytea[], $6::bytea[], $7::bytea[])
         AS asked (session_id, generation, presented_hash, successor_hash, idempotency_key_hash)
    JOIN refresh_tokens AS free ON free.session_id = asked.session_id
     FOR UPDATE OF free SKIP LOCKED`)
