/** Starts sessions: inserts the session, its refresh row and its audit entry, if the account is still active. */
import type { RawSql } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'
import type { AccessTokenContents } from './accessTokenContents.ts'
import { toInet } from './inet.ts'
import type { Quota } from './readLogin.ts'

export interface NewSession {
  sessionId: string
  accountId: string
  /** The hash that the password was verified against: if it has changed since, no session starts. */
  passwordHash: string
  clientId: string
  device: string | null
  userAgent: string | null
  address: string | null
  requestId: string
  remember: boolean
  lifetimeSeconds: number
  idleSeconds: number
  secretHash: Buffer
  /** Counters of failures: if one has reached its limit, no session starts. */
  quotas: readonly Quota[]
}

type Row = AccessTokenContents & { isDisabled: boolean; requestedId: string }

/** `gone`: since the password was verified, the account was deleted, its password changed, or a counter reached its limit. */
export type StartResult = { kind: 'started'; contents: AccessTokenContents } | { kind: 'disabled' } | { kind: 'gone' }

/**
 * Relies on the share lock of the account: a disable, a log-out everywhere or a password change either waits for this session
 * and ends it, or commits first and is visible here.
 */
export async function startSession(db: Pick<RawSql, 'query'>, session: NewSession): Promise<StartResult> {
  const started = await run(db, waitingStatement, [session])
  return started.get(session.sessionId) ?? { kind: 'gone' }
}

/**
 * Does the same for several sessions in one statement and one commit. Relies on `SKIP LOCKED`: it leaves out an account whose row
 * is locked, so it never waits.
 * @returns the results by session; a session that is missing needs a statement of its own
 */
export function startSessions(
  db: Pick<RawSql, 'query'>,
  sessions: readonly NewSession[],
): Promise<Map<string, StartResult>> {
  return run(db, skippingStatement, sessions)
}

async function run(db: Pick<RawSql, 'query'>, text: string, sessions: readonly NewSession[]) {
  const quotas = sessions.flatMap(({ sessionId, quotas }) => quotas.map(quota => ({ ...quota, sessionId })))
  const inputs = sessions.map(session => ({ ...session, address: toInet(session.address) }))
  const rows = await db.query<Row>(text, [
    ...unnest(quotas, ['sessionId', 'key', 'max']),
    ...unnest(inputs, [
      'sessionId',
      'accountId',
      'passwordHash',
      'clientId',
      'device',
      'userAgent',
      'address',
      'requestId',
      'remember',
      'lifetimeSeconds',
      'idleSeconds',
      'secretHash',
    ]),
  ])
  return new Map(rows.map(row => [row.requestedId, startedOf(row)]))
}

function startedOf({ isDisabled, requestedId: _requestedId, ...contents }: Row): StartResult {
  return isDisabled ? { kind: 'disabled' } : { kind: 'started', contents }
}

/** @param lock the locking clause for the accounts */
const startOf = (lock: string) => `
  WITH input AS (
    SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::inet[], $11::text[],
                         $12::boolean[], $13::float8[], $14::float8[], $15::bytea[])
      AS input (session_id, account_id, password_hash, client_id, device, user_agent, address, request_id,
                remember, lifetime, idle, secret_hash)
  ), account AS (
    SELECT input.*, account.roles, account.scopes, account.epoch, account.disabled_at
      FROM input JOIN accounts AS account ON account.id = input.account_id AND account.password_hash = input.password_hash
     WHERE NOT EXISTS (
       SELECT FROM unnest($1::uuid[], $2::text[], $3::int[]) AS quota (session_id, key, max_points)
         JOIN rate_limits AS counter ON counter.key = quota.key
        WHERE quota.session_id = input.session_id AND counter.points >= quota.max_points AND counter.expires_at > statement_timestamp())
       ${lock}
  ), session AS (
    INSERT INTO sessions (id, account_id, client_id, device, user_agent, address, remember, global_epoch, created_at, expires_at)
    SELECT account.session_id, account.account_id, account.client_id, account.device, account.user_agent, account.address,
           account.remember, clock.global_epoch, statement_timestamp(),
           statement_timestamp() + make_interval(secs => account.lifetime)
      FROM account, revocation_clock AS clock WHERE account.disabled_at IS NULL
    RETURNING *
  ), token AS (
    INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at, account_id, client_id, remember,
                                global_epoch, authenticated_at, expires_at)
    SELECT session.id, 0, account.secret_hash,
           least(session.expires_at, statement_timestamp() + make_interval(secs => account.idle)),
           session.account_id, session.client_id, session.remember, session.global_epoch, session.created_at, session.expires_at
      FROM session JOIN account ON account.session_id = session.id
  ), audit AS (
    INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
    SELECT account.account_id::text, 'session.start', account.account_id::text, account.address, account.request_id,
           CASE WHEN session.id IS NULL THEN 'account-disabled' ELSE 'done' END, jsonb_build_object('session', session.id)
      FROM account LEFT JOIN session ON session.id = account.session_id
  )
  SELECT account.session_id AS "requestedId", account.disabled_at IS NOT NULL AS "isDisabled",
         session.id AS "sessionId", account.account_id AS "accountId", session.client_id AS "clientId",
         account.roles, account.scopes, account.epoch, session.global_epoch AS "globalEpoch", session.remember,
         extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
         extract(epoch FROM session.created_at)::float8 * 1000 AS "authenticatedAtMs",
         extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs"
    FROM account LEFT JOIN session ON session.id = account.session_id`

const waitingStatement = startOf('FOR SHARE OF account')
const skippingStatement = startOf('FOR SHARE OF account SKIP LOCKED')
