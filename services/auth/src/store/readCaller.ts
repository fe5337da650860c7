/** Reads the sessions and the accounts behind access tokens, for the auth service's own routes. */
import type { QueryRaw } from '../database/rawSql.ts'
import { unnest } from '../database/unnest.ts'

export interface CallerFacts {
  /** Null once the account is deleted. */
  account: { epoch: number; isDisabled: boolean; roles: string[]; scopes: string[] } | null
  session: { endedAs: string | null; isExpired: boolean; globalEpoch: number } | null
  globalEpoch: number
  /** PostgreSQL's clock, in milliseconds since 1970. */
  dbNowMs: number
  /** The key that signed the token is withdrawn. */
  isKeyWithdrawn: boolean
}

/** What names the rows of a token. `keyId` is absent for a session that acts without a token. */
export interface UserToken {
  id: string
  sid: string
  keyId?: string
}

interface Row {
  dbNowMs: number
  isKeyWithdrawn: boolean
  globalEpoch: number
  epoch: number | null
  isDisabled: boolean
  roles: string[] | null
  scopes: string[] | null
  sessionId: string | null
  endedAs: string | null
  isExpired: boolean
  sessionGlobalEpoch: number | null
}

/** One statement and so one snapshot of four rows, each by primary key. */
export async function readCaller(db: QueryRaw, token: UserToken): Promise<CallerFacts> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT clock.global_epoch AS "globalEpoch", extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs",
           account.epoch, account.disabled_at IS NOT NULL AS "isDisabled",
           account.roles, account.scopes, session.id AS "sessionId", session.ended_as AS "endedAs",
           coalesce(session.expires_at <= statement_timestamp(), false) AS "isExpired",
           session.global_epoch AS "sessionGlobalEpoch",
           EXISTS (SELECT FROM signing_keys WHERE kid = ${token.keyId ?? ''} AND state = 'withdrawn') AS "isKeyWithdrawn"
      FROM revocation_clock AS clock
      LEFT JOIN accounts AS account ON account.id = ${token.id}::uuid
      LEFT JOIN sessions AS session ON session.id = ${token.sid}::uuid AND session.account_id = account.id
     WHERE clock.id = 1`
  return factsOf(row)
}

/**
 * The same for several tokens, in one snapshot.
 * @returns the facts in the order of the tokens
 */
export async function readCallers(db: QueryRaw, tokens: readonly UserToken[]): Promise<CallerFacts[]> {
  const [ids = [], sids = [], keyIds = []] = unnest(
    tokens.map(({ id, sid, keyId = '' }) => ({ id, sid, keyId })),
    ['id', 'sid', 'keyId'],
  )
  const rows = await db.$queryRaw<(Row & { position: number })[]>`
    SELECT token.position::int AS position, clock.global_epoch AS "globalEpoch",
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs",
           account.epoch, account.disabled_at IS NOT NULL AS "isDisabled",
           account.roles, account.scopes, session.id AS "sessionId", session.ended_as AS "endedAs",
           coalesce(session.expires_at <= statement_timestamp(), false) AS "isExpired",
           session.global_epoch AS "sessionGlobalEpoch",
           EXISTS (SELECT FROM signing_keys WHERE kid = token.key_id AND state = 'withdrawn') AS "isKeyWithdrawn"
      FROM unnest(${ids}::uuid[], ${sids}::uuid[], ${keyIds}::text[]) WITH ORDINALITY AS token (id, sid, key_id, position)
      JOIN revocation_clock AS clock ON clock.id = 1
      LEFT JOIN accounts AS account ON account.id = token.id
      LEFT JOIN sessions AS session ON session.id = token.sid AND session.account_id = account.id
     WHERE token.id IS NOT NULL`
  const byPosition = new Map(rows.map(row => [row.position, row]))
  return tokens.map((_token, index) => factsOf(byPosition.get(index + 1)))
}

function factsOf(row: Row | undefined): CallerFacts {
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  const { epoch, isDisabled, endedAs, isExpired, globalEpoch, isKeyWithdrawn } = row
  return {
    account: epoch === null ? null : { epoch, isDisabled, roles: row.roles ?? [], scopes: row.scopes ?? [] },
    session: row.sessionId === null ? null : { endedAs, isExpired, globalEpoch: row.sessionGlobalEpoch ?? 0 },
    globalEpoch,
    dbNowMs: row.dbNowMs,
    isKeyWithdrawn,
  }
}
