/** Accounts as admins look at them: one, or a page. */
import type { Db } from '../database/database.ts'

export interface AccountRow {
  id: string
  email: string
  roles: string[]
  scopes: string[]
  createdAt: Date
  disabledAt: Date | null
  passwordChangedAt: Date
  mustChangePassword: boolean
  version: number
  sessions: number
  lastSeenAt: Date | null
}

export interface AccountFilter {
  /** A part of the e-mail address, in the form in which addresses are compared. */
  emailPart: string | null
  role: string | null
  state: 'active' | 'disabled' | null
  after: { createdAt: Date; id: string } | null
  limit: number
}

/**
 * Oldest first by the index on `(created_at, id)`: neither ever changes, so no page repeats or skips an account whatever
 * happens between two calls. The sessions of each are found by the index on `account_id`.
 */
export async function listAccounts(
  db: Db,
  { emailPart, role, state, after, limit }: AccountFilter,
): Promise<AccountRow[]> {
  const pattern = emailPart === null ? null : `%${emailPart.replace(/[\\%_]/g, '\\$&')}%`
  return db.$queryRaw<AccountRow[]>`
    SELECT account.id, account.email, account.roles, account.scopes, account.created_at AS "createdAt",
           account.disabled_at AS "disabledAt", account.password_changed_at AS "passwordChangedAt",
           account.must_change_password AS "mustChangePassword", account.version, standing.sessions, standing.seen AS "lastSeenAt"
      FROM (SELECT * FROM accounts
             WHERE (${pattern}::text IS NULL OR email_key LIKE ${pattern})
               AND (${role}::text IS NULL OR roles @> ARRAY[${role}::text])
               AND (${state}::text IS NULL OR (disabled_at IS NULL) = (${state}::text = 'active'))
               AND (${after?.createdAt ?? null}::timestamptz IS NULL OR (created_at, id) > (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))
             ORDER BY created_at, id LIMIT ${limit}) AS account,
           LATERAL (SELECT count(token.session_id) FILTER (WHERE session.ended_at IS NULL AND token.idle_expires_at > statement_timestamp()
                                                             AND session.global_epoch >= clock.global_epoch)::int AS sessions,
                           max(coalesce(token.rotated_at, session.created_at)) AS seen
                      FROM sessions AS session JOIN revocation_clock AS clock ON clock.id = 1
                      LEFT JOIN refresh_tokens AS token ON token.session_id = session.id
                     WHERE session.account_id = account.id) AS standing
     ORDER BY account.created_at, account.id`
}

/** By primary key, and by the index on `account_id`. */
export async function readAccountRow(db: Db, id: string): Promise<AccountRow | undefined> {
  const [row] = await db.$queryRaw<AccountRow[]>`
    SELECT account.id, account.email, account.roles, account.scopes, account.created_at AS "createdAt",
           account.disabled_at AS "disabledAt", account.password_changed_at AS "passwordChangedAt",
           account.must_change_password AS "mustChangePassword", account.version,
           count(token.session_id) FILTER (WHERE session.ended_at IS NULL AND token.idle_expires_at > statement_timestamp()
                                             AND session.global_epoch >= clock.global_epoch)::int AS sessions,
           max(coalesce(token.rotated_at, session.created_at)) AS "lastSeenAt"
      FROM accounts AS account JOIN revocation_clock AS clock ON clock.id = 1
      LEFT JOIN sessions AS session ON session.account_id = account.id
      LEFT JOIN refresh_tokens AS token ON token.session_id = session.id
     WHERE account.id = ${id}::uuid GROUP BY account.id`
  return row
}
