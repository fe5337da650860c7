/** The ordinary renewal: one statement checks the token, rotates it, and reads the contents of the access token. */
import type { RawSql, Value } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'
import { type AccessTokenContents, type ContentsRow, contentsOf } from './accessTokenContents.ts'

export interface Rotation {
  sessionId: string
  generation: number
  presentedHash: Buffer
  successorHash: Buffer
  /** SHA-256 of the Idempotency-Key, when the client sent one. */
  idempotencyKeyHash: Buffer | null
  /** The client that presents the token: only the session's own client matches. */
  clientId: string
  /** Client address and user agent, as evidence for a later retry. */
  address: string
  userAgent: string | null
}

/** How long a session may go without a renewal, in seconds; the short one is without `remember`. */
export interface IdleTimes {
  idle: number
  shortIdle: number
}

/**
 * Rotates the row if the presented secret is the current one and the session and the account are active.
 *
 * Relies on the row lock of `refresh_tokens`: of concurrent renewals one matches, and the others find another hash once they
 * get the lock. Ending a session deletes this row, so a renewal either commits before the end or matches nothing. The row
 * repeats every column of the session that a renewal needs, and expires no later than the session. All three tables are read
 * by primary key, and no indexed column changes, so the update stays heap-only.
 * @returns undefined when no row matched; `readRotationFacts` then tells why
 */
export async function rotateRefreshToken(
  db: Pick<RawSql, 'query'>,
  rotation: Rotation,
  idle: IdleTimes,
): Promise<AccessTokenContents | undefined> {
  const [row] = await db.query<ContentsRow>(singleStatement, [idle.idle, idle.shortIdle, ...valuesOf(rotation)])
  return row && contentsOf(row)
}

/**
 * Does the same for several sessions in one statement and one commit; each session may occur once.
 *
 * Relies on `SKIP LOCKED`: the statement never waits for one session while it holds others, so no session delays another, and
 * two of these statements cannot wait for each other.
 * @returns the contents by session; a session that is missing needs a statement of its own
 */
export async function rotateRefreshTokens(
  db: Pick<RawSql, 'query'>,
  rotations: readonly Rotation[],
  idle: IdleTimes,
): Promise<Map<string, AccessTokenContents>> {
  const columns = unnest(rotations, [
    'sessionId',
    'generation',
    'presentedHash',
    'successorHash',
    'idempotencyKeyHash',
    'address',
    'userAgent',
    'clientId',
  ])
  const rows = await db.query<ContentsRow>(batchStatement, [idle.idle, idle.shortIdle, ...columns])
  return new Map(rows.map(row => [row.sessionId, contentsOf(row)]))
}

/**
 * Moves the row forward to the successor of a token that is newer than the row: the database has lost the commits between
 * (docs/decisions/0030-a-token-ahead-of-its-row-is-accepted.md). The audit entry is written in the same statement.
 *
 * Relies on the row lock of `refresh_tokens`: of concurrent requests, one matches, and the others are then retries.
 * @returns undefined when the row has changed since
 */
export async function advanceRefreshToken(
  db: Pick<RawSql, 'query'>,
  rotation: Rotation & { requestId: string },
  idle: IdleTimes,
): Promise<AccessTokenContents | undefined> {
  const values = [idle.idle, idle.shortIdle, ...valuesOf(rotation), rotation.requestId]
  const [row] = await db.query<ContentsRow>(advanceStatement, values)
  return row && contentsOf(row)
}

function valuesOf(rotation: Rotation): Value[] {
  const { sessionId, generation, presentedHash, successorHash, idempotencyKeyHash, address, userAgent, clientId } =
    rotation
  return [sessionId, generation, presentedHash, successorHash, idempotencyKeyHash, address, userAgent, clientId]
}

const isCurrent = 'token.generation = input.generation AND token.current_hash = input.presented_hash'
const isBehind = 'token.generation < input.generation'

/**
 * @param input a subquery that returns a row for each renewal
 * @param condition which rows match
 */
const rotationOf = (input: string, condition = isCurrent) => `
  UPDATE refresh_tokens AS token
     SET generation = input.generation + 1,
         previous_hash = input.presented_hash,
         current_hash = input.successor_hash,
         idempotency_key_hash = input.idempotency_key_hash,
         rotated_at = statement_timestamp(),
         rotated_from = input.address,
         rotated_agent = input.user_agent,
         idle_expires_at = least(token.expires_at, statement_timestamp() + make_interval(secs =>
           CASE WHEN token.remember THEN $1::float8 ELSE $2::float8 END))
    FROM (${input}) AS input, accounts AS account, revocation_clock AS clock
   WHERE token.session_id = input.session_id
     AND ${condition}
     AND token.client_id = input.client_id
     AND token.idle_expires_at > statement_timestamp()
     AND account.id = token.account_id
     AND account.disabled_at IS NULL
     AND clock.id = 1
     AND token.global_epoch >= clock.global_epoch
  RETURNING token.session_id AS "sessionId", account.id AS "accountId", token.client_id AS "clientId",
            account.roles, account.scopes, account.epoch, clock.global_epoch AS "globalEpoch", token.remember,
            token.scope, token.audience,
            extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
            extract(epoch FROM token.authenticated_at)::float8 * 1000 AS "authenticatedAtMs",
            extract(epoch FROM token.expires_at)::float8 * 1000 AS "expiresAtMs"`

const singleInput = `
  SELECT $3::uuid AS session_id, $4::int AS generation, $5::bytea AS presented_hash, $6::bytea AS successor_hash,
         $7::bytea AS idempotency_key_hash, $8::inet AS address, $9::text AS user_agent, $10::text AS client_id`

const singleStatement = rotationOf(singleInput)

const advanceStatement = `
  WITH advanced AS (${rotationOf(singleInput, isBehind)}
  ), audited AS (
    INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
    SELECT "accountId"::text, 'session.advance', "sessionId"::text, $8::inet, $11::text, 'done',
           jsonb_build_object('presentedGeneration', $4::int, 'userAgent', $9::text)
      FROM advanced
  )
  SELECT * FROM advanced`

const batchStatement = rotationOf(`
  SELECT input.*
    FROM unnest($3::uuid[], $4::int[], $5::bytea[], $6::bytea[], $7::bytea[], $8::inet[], $9::text[], $10::text[])
         AS input (session_id, generation, presented_hash, successor_hash, idempotency_key_hash, address, user_agent, client_id)
    JOIN refresh_tokens AS free ON free.session_id = input.session_id
     FOR UPDATE OF free SKIP LOCKED`)
