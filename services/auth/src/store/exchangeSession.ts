/** Reads and starts what a token exchange issues, in the transaction that holds the locks of client, account and session. */
import type { Db } from '../database/database.ts'
import { type AccessTokenContents, type ContentsRow, contentsOf } from './accessTokenContents.ts'
import { toInet } from './inet.ts'

/** The user's session behind the presented token. */
export interface SubjectSession {
  accountId: string
  sessionId: string
}

/** The scopes of a client that is still the one that authenticated. */
export async function lockExchangingClient(
  tx: Db,
  { id, sessionId }: { id: string; sessionId: string },
): Promise<string[] | undefined> {
  const [row] = await tx.$queryRaw<{ scopes: string[] }[]>`
    SELECT scopes FROM service_clients WHERE id = ${id} AND session_id = ${sessionId}::uuid FOR SHARE`
  return row?.scopes
}

/**
 * Takes share locks on the account and the session: a disable, a log-out or a password change either waits for this
 * transaction and then ends what it has started, or commits first and is visible afterwards.
 */
export async function lockSubject(tx: Db, { accountId, sessionId }: SubjectSession): Promise<void> {
  await tx.$queryRaw`SELECT id FROM accounts WHERE id = ${accountId}::uuid FOR SHARE`
  await tx.$queryRaw`SELECT id FROM sessions WHERE id = ${sessionId}::uuid FOR SHARE`
}

export interface Exchange extends SubjectSession {
  clientId: string
  scope: string
  audience: string
  /** The log-in of the presented token, in seconds since 1970. */
  authTime: number
}

/**
 * The contents of an access token in which the client acts for the user within the user's own session.
 * @param clientSessionId the `sid` of the client's own tokens
 */
export async function readActingContents(
  tx: Db,
  exchange: Exchange,
  clientSessionId: string,
): Promise<AccessTokenContents | undefined> {
  const { accountId, sessionId, clientId, scope, audience, authTime } = exchange
  const [row] = await tx.$queryRaw<ContentsRow[]>`
    SELECT session.id AS "sessionId", account.id AS "accountId", ${clientId}::text AS "clientId", account.roles, account.scopes,
           account.epoch, clock.global_epoch AS "globalEpoch", session.remember, ${scope}::text AS scope, ${audience}::text AS audience,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
           ${authTime * 1000}::float8 AS "authenticatedAtMs",
           extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs"
      FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      JOIN revocation_clock AS clock ON clock.id = 1
     WHERE session.id = ${sessionId}::uuid AND account.id = ${accountId}::uuid`
  return row && { ...contentsOf(row), actor: { sub: clientId, sid: clientSessionId } }
}

export interface ExchangedSession extends Omit<Exchange, 'scope'> {
  /** Null: every right of the account. */
  scope: string | null
  device?: string
  /** Limits the session to a short one; undefined takes the lifetime of the log-in. */
  maxSeconds?: number
  newSessionId: string
  secretHash: Buffer
  idle: { idle: number; shortIdle: number }
  address: string
  userAgent: string | null
}

/** Starts a session of the client. It lasts no longer than the log-in that it comes from. */
export async function startExchangedSession(
  tx: Db,
  exchange: ExchangedSession,
): Promise<AccessTokenContents | undefined> {
  const { accountId, sessionId, newSessionId, clientId, scope, audience, authTime, secretHash, idle } = exchange
  const { device = null, maxSeconds = null } = exchange
  const [row] = await tx.$queryRaw<ContentsRow[]>`
    WITH session AS (
      INSERT INTO sessions (id, account_id, client_id, device, user_agent, address, remember, global_epoch, created_at,
                            expires_at, scope, audience)
      SELECT ${newSessionId}::uuid, subject.account_id, ${clientId}, ${device}, ${exchange.userAgent},
             ${toInet(exchange.address)}::inet, subject.remember AND ${maxSeconds}::int IS NULL, clock.global_epoch,
             statement_timestamp(), least(subject.expires_at, statement_timestamp() + make_interval(secs => ${maxSeconds}::int)),
             ${scope}, ${audience}
        FROM sessions AS subject JOIN revocation_clock AS clock ON clock.id = 1
       WHERE subject.id = ${sessionId}::uuid AND subject.account_id = ${accountId}::uuid
      RETURNING *
    ), token AS (
      INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at, account_id, client_id, remember,
                                  global_epoch, authenticated_at, expires_at, scope, audience)
      SELECT id, 0, ${secretHash}, least(expires_at, statement_timestamp() + make_interval(secs =>
               CASE WHEN remember THEN ${idle.idle}::float8 ELSE ${idle.shortIdle}::float8 END)),
             account_id, client_id, remember, global_epoch, to_timestamp(${authTime}::float8), expires_at, scope, audience
        FROM session
    )
    SELECT session.id AS "sessionId", account.id AS "accountId", session.client_id AS "clientId", account.roles, account.scopes,
           account.epoch, session.global_epoch AS "globalEpoch", session.remember, session.scope, session.audience,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
           ${authTime * 1000}::float8 AS "authenticatedAtMs",
           extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs"
      FROM session JOIN accounts AS account ON account.id = session.account_id`
  return row && contentsOf(row)
}
