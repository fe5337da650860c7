/** Begins a session: its row, its refresh row and its audit entry, if the account still stands. */
import type { Direct } from './direct.ts'
import type { Quota } from './readLogin.ts'
import type { Grant } from './rotateRefreshToken.ts'

export interface NewSession {
  sessionId: string
  accountId: string
  /** The hash that the password was checked against: if it has changed since, nobody gets in. */
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
  /** Counters of failures: if one is spent, nobody gets in. */
  quotas: readonly Quota[]
  /** The process's wall clock, in milliseconds since 1970: the counters are kept by it. */
  wallMs: number
}

type Row = Grant & { isDisabled: boolean }

/** `gone`: since the check the account was deleted, its password changed, or a counter was spent. */
export type Started = { kind: 'started'; grant: Grant } | { kind: 'disabled' } | { kind: 'gone' }

/**
 * Relies on the share lock of the account: a disable, a sign-out everywhere or a password change either waits for this
 * session and ends it, or commits first and is seen here.
 */
export async function startSession(db: Direct, begin: NewSession): Promise<Started> {
  const [row] = await db.$queryRaw<Row[]>`
    WITH account AS (
      SELECT id, roles, scopes, epoch, disabled_at FROM accounts
       WHERE id = ${begin.accountId}::uuid AND password_hash = ${begin.passwordHash}
         AND NOT EXISTS (
           SELECT FROM unnest(${begin.quotas.map(({ key }) => key)}::text[], ${begin.quotas.map(({ most }) => most)}::int[]) AS quota (key, most)
             JOIN rate_limits AS counter ON counter.key = quota.key
            WHERE counter.points >= quota.most AND counter.expire > ${begin.wallMs}::float8)
         FOR SHARE
    ), session AS (
      INSERT INTO sessions (id, account_id, client_id, device, user_agent, address, remember, everyone_epoch, created_at, expires_at)
      SELECT ${begin.sessionId}::uuid, account.id, ${begin.clientId}, ${begin.device}, ${begin.userAgent}, ${begin.address},
             ${begin.remember}, clock.everyone_epoch, statement_timestamp(),
             statement_timestamp() + make_interval(secs => ${begin.lifetimeSeconds}::float8)
        FROM account, revocation_clock AS clock WHERE account.disabled_at IS NULL
      RETURNING *
    ), token AS (
      INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at)
      SELECT id, 0, ${begin.secretHash}, least(expires_at, statement_timestamp() + make_interval(secs => ${begin.idleSeconds}::float8))
        FROM session
    ), audit AS (
      INSERT INTO audit_entries (actor, action, target, address, request_id, outcome, detail)
      SELECT account.id::text, 'session.start', account.id::text, ${begin.address}, ${begin.requestId},
             CASE WHEN session.id IS NULL THEN 'account-disabled' ELSE 'done' END, jsonb_build_object('session', session.id)
        FROM account LEFT JOIN session ON true
    )
    SELECT account.disabled_at IS NOT NULL AS "isDisabled",
           session.id AS "sessionId", account.id AS "accountId", session.client_id AS "clientId",
           account.roles, account.scopes, account.epoch, session.everyone_epoch AS "everyoneEpoch", session.remember,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "issuedAtMs",
           extract(epoch FROM session.created_at)::float8 * 1000 AS "authenticatedAtMs",
           extract(epoch FROM session.expires_at)::float8 * 1000 AS "expiresAtMs"
      FROM account LEFT JOIN session ON true`
  if (row === undefined) return { kind: 'gone' }
  if (row.isDisabled) return { kind: 'disabled' }
  return { kind: 'started', grant: row }
}
