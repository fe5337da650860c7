/** Counts the sessions that match criteria, and ends them in batches. */
import type { Db } from '../database/database.ts'
import { Prisma } from '../generated/prisma/client.ts'
import { readClock } from './readClock.ts'
import { activeOf, clientCondition, conditionsOf, estimate, type SessionFilter } from './sessionFilter.ts'

export interface SessionCount {
  sessions: number
  accounts: number
  /** The numbers are PostgreSQL's estimates. They ignore the criterion `device`, whose effect the planner cannot know. */
  estimated: boolean
  includesCurrentSession: boolean
  /** The start of the next millisecond, so that it is later than every counted session's `created_at`. */
  asOf: Date
}

/** Up to this cost the exact count takes some tenths of a second; reading half a million sessions costs more. */
const maxExactCost = 25_000

/**
 * Exact while PostgreSQL expects to read little: by the index on `account_id` or `address` when the criteria name accounts or
 * a network, or because the table is small. Otherwise an estimate, which takes milliseconds with any number of sessions.
 */
export async function countMatching(db: Db, filter: SessionFilter, callerSid: string): Promise<SessionCount> {
  const { globalEpoch, dbNowMs } = await readClock(db)
  const active = activeOf(filter, globalEpoch)
  const common = {
    asOf: new Date(Math.floor(dbNowMs) + 1),
    includesCurrentSession: await isMatching(db, active, callerSid),
  }
  const { cost } = await estimate(db, Prisma.sql`SELECT FROM sessions AS session WHERE ${active}`)
  if (cost <= maxExactCost) {
    const [row] = await db.$queryRaw<Pick<SessionCount, 'sessions' | 'accounts'>[]>(Prisma.sql`
      SELECT coalesce(sum(sessions), 0)::int AS sessions, count(*)::int AS accounts
        FROM (SELECT count(*) AS sessions FROM sessions AS session WHERE ${active} GROUP BY account_id) AS account`)
    if (row === undefined) throw new Error('an aggregate returned no row')
    return { ...row, ...common, estimated: false }
  }
  const atMost = activeOf({ ...filter, devicePart: null }, globalEpoch)
  const { rows: sessions } = await estimate(db, Prisma.sql`SELECT FROM sessions AS session WHERE ${atMost}`)
  const { rows: accounts } = await estimate(
    db,
    Prisma.sql`SELECT account_id FROM sessions AS session WHERE ${atMost} GROUP BY account_id`,
  )
  return { sessions, accounts: Math.min(accounts, sessions), ...common, estimated: true }
}

/** By primary key. */
async function isMatching(db: Db, conditions: Prisma.Sql, sid: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>(Prisma.sql`
    SELECT FROM sessions AS session WHERE session.id = ${sid}::uuid AND ${conditions}`)
  return rows.length > 0
}

export interface EndBatch {
  /** Where the previous batch stopped. */
  after: string
  /** Sessions that end. */
  limit: number
  /** The criteria match by index: each batch reads all that match. Otherwise it reads the next sessions in the order of ids. */
  byIndex: boolean
}

export interface EndedBatch {
  ids: string[]
  /** Where this batch stopped; null when it was the last. */
  last: string | null
}

/** Sessions that one batch reads. */
const maxRead = 20_000

/**
 * Ends the next batch of sessions. Relies on the row locks of `sessions`, taken in the order of the ids, so that two calls
 * cannot wait for each other. Deleting the refresh rows waits for a renewal that holds one; a later renewal finds no row.
 */
export async function endMatching(
  db: Db,
  filter: SessionFilter,
  { after, limit, byIndex }: EndBatch,
): Promise<EndedBatch> {
  const conditions = conditionsOf(filter)
  // The index on the client has its sessions in the order of their ids; other criteria are read from the primary key.
  const slice = filter.client === null ? Prisma.sql`true` : clientCondition(filter.client)
  // Materialized, so that the limit does not make PostgreSQL walk the primary key in search of few sessions.
  const candidates = byIndex
    ? Prisma.sql`SELECT session.id, true AS "isMatching" FROM sessions AS session
                  WHERE ${conditions} AND session.id > ${after}::uuid`
    : Prisma.sql`SELECT session.id, coalesce(${conditions}, false) AS "isMatching" FROM sessions AS session
                  WHERE ${slice} AND session.id > ${after}::uuid ORDER BY session.id LIMIT ${maxRead}`
  const [row] = await db.$queryRaw<EndedBatch[]>(Prisma.sql`
    WITH candidates AS MATERIALIZED (${candidates}), chosen AS MATERIALIZED (
      SELECT id FROM candidates WHERE "isMatching" ORDER BY id LIMIT ${limit}
    ), active AS (
      SELECT id FROM sessions WHERE id = ANY (ARRAY(SELECT id FROM chosen)) AND ended_at IS NULL ORDER BY id FOR UPDATE
    ), ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), ended_as = 'revoked'
        FROM active WHERE sessions.id = active.id RETURNING sessions.id
    ), deleted_tokens AS (
      DELETE FROM refresh_tokens USING ended WHERE session_id = ended.id
    )
    SELECT ARRAY(SELECT id FROM ended ORDER BY id) AS ids,
           CASE WHEN (SELECT count(*) FROM chosen) = ${limit} THEN (SELECT id FROM chosen ORDER BY id DESC LIMIT 1)
                WHEN ${byIndex} THEN NULL
                ELSE (SELECT id FROM candidates ORDER BY id DESC LIMIT 1) END AS last`)
  return row ?? { ids: [], last: null }
}
