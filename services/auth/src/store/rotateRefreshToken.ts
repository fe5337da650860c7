/** The ordinary renewal: guards, rotates and reads all that an access token needs in one statement. */
import type { Direct } from './direct.ts'

export interface Rotation {
  sessionId: string
  generation: number
  presentedHash: Buffer
  successorHash: Buffer
  /** SHA-256 of the Idempotency-Key, when the client sent one. */
  attemptHash: Buffer | null
  idleSeconds: number
  shortIdleSeconds: number
}

/** What an access token is made from. */
export interface Grant {
  sessionId: string
  accountId: string
  clientId: string
  roles: string[]
  scopes: string[]
  epoch: number
  everyoneEpoch: number
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
 * lock. Ending a session deletes this row, so a renewal either commits before the end or matches nothing. The primary keys
 * serve all four tables, and no indexed column changes, so the update stays heap-only.
 * @returns nothing when no row matched: `readRotationFacts` then says why
 */
export async function rotateRefreshToken(db: Direct, rotation: Rotation): Promise<Grant | undefined> {
  const [grant] = await db.$queryRaw<Grant[]>`
    UPDATE refresh_tokens AS token
       SET generation = token.generation + 1,
           previous_hash = token.current_hash,
           current_hash = ${rotation.successorHash},
           attempt_hash = ${rotation.attemptHash},
           rotated_at = statement_timestamp(),
           idle_expires_at = least(session.expires_at, statement_timestamp() + make_interval(secs =>
             CASE WHEN session.remember THEN ${rotation.idleSeconds}::float8 ELSE ${rotation.shortIdleSeconds}::float8 END))
      FROM sessions AS session, accounts AS account, revocation_clock AS clock
     WHERE token.session_id = ${rotation.sessionId}::uuid
       AND token.generation = ${rotation.generation}
       AND token.current_hash = ${rotation.presentedHash}
       AND token.idle_expires_at > statement_timestamp()
       AND session.id = token.session_id
       AND session.ended_at IS NULL
       AND session.expires_at > statement_timestamp()
       AND account.id = session.account_id
       AND account.disabled_at IS NULL
       AND clock.id = 1
       AND session.everyone_epoch >= clock.everyone_epoch
    RETURNING session.id AS "sessionId", account.id AS "accountId", session.client_id AS "clientId",
              account.roles, account.scopes, account.epoch, clock.everyone_epoch AS "everyoneEpoch", session.remember,
              extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
              extract(epoch FROM session.created_at)::float8 * 1000 AS "authenticatedAtMs",
              extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs"`
  return grant
}
