/** The sessions of an account that stand. */
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'

export interface SessionRow {
  id: string
  device: string | null
  userAgent: string | null
  address: string | null
  createdAt: Date
  renewedAt: Date | null
  expiresAt: Date
}

/** Reads by the index on `account_id`, newest first, at most `limit`. */
export async function listSessions(
  db: Db,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<SessionRow[]> {
  return db.$queryRaw<SessionRow[]>`
    SELECT session.id, session.device, session.user_agent AS "userAgent", session.address,
           session.created_at AS "createdAt", token.rotated_at AS "renewedAt", token.idle_expires_at AS "expiresAt"
      FROM sessions AS session
      JOIN refresh_tokens AS token ON token.session_id = session.id
      JOIN revocation_clock AS clock ON clock.id = 1
     WHERE session.account_id = ${accountId}::uuid AND session.ended_at IS NULL
       AND session.global_epoch >= clock.global_epoch
       AND token.idle_expires_at > statement_timestamp()
     ORDER BY session.created_at DESC, session.id LIMIT ${limit}`
}

/** The account that a session belongs to, by primary key. */
export async function ownerOf(db: QueryRaw, sessionId: string): Promise<string | undefined> {
  const [row] = await db.$queryRaw<{ accountId: string }[]>`
    SELECT account_id AS "accountId" FROM sessions WHERE id = ${sessionId}::uuid`
  return row?.accountId
}
