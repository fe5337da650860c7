/** Records that the user of a session has confirmed the password. */
import type { QueryRaw } from '../database/rawSql.ts'
import { type AccessTokenContents, type ContentsRow, contentsOf } from './accessTokenContents.ts'
import { toInet } from './inet.ts'

export interface Reauthentication {
  sessionId: string
  accountId: string
  /** The hash that the password was verified against: if it has changed since, nothing is recorded. */
  passwordHash: string
  address: string
  requestId: string
}

/**
 * Dates the session's log-in anew and writes the audit entry, in one statement. Relies on the share lock of the account, as a
 * log-in does, and on the row lock of `refresh_tokens`: ending a session deletes that row, so an ended session matches nothing.
 * `authenticated_at` is not indexed, so the update stays heap-only.
 * @returns the contents of the new access token; undefined when the session or the account has changed
 */
export async function reauthenticateSession(
  db: QueryRaw,
  { sessionId, accountId, passwordHash, address, requestId }: Reauthentication,
): Promise<AccessTokenContents | undefined> {
  const [row] = await db.$queryRaw<ContentsRow[]>`
    WITH account AS (
      SELECT id, roles, scopes, epoch FROM accounts
       WHERE id = ${accountId}::uuid AND password_hash = ${passwordHash} AND disabled_at IS NULL FOR SHARE
    ), token AS (
      UPDATE refresh_tokens AS token SET authenticated_at = statement_timestamp()
        FROM account, revocation_clock AS clock
       WHERE token.session_id = ${sessionId}::uuid AND token.account_id = account.id
         AND token.idle_expires_at > statement_timestamp()
         AND clock.id = 1 AND token.global_epoch >= clock.global_epoch
      RETURNING token.*, clock.global_epoch AS current_epoch
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
      SELECT account_id::text, 'session.reauthenticate', session_id::text, ${toInet(address)}::inet, ${requestId}, 'done', '{}'
        FROM token
    )
    SELECT token.session_id AS "sessionId", account.id AS "accountId", token.client_id AS "clientId",
           account.roles, account.scopes, account.epoch, token.current_epoch AS "globalEpoch", token.remember,
           token.scope, token.audience,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
           extract(epoch FROM token.authenticated_at)::float8 * 1000 AS "authenticatedAtMs",
           extract(epoch FROM token.expires_at)::float8 * 1000 AS "expiresAtMs"
      FROM token JOIN account ON account.id = token.account_id`
  return row && contentsOf(row)
}
