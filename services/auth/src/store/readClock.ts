/** Reads the revocation clock: the head of the feed, the global epoch, and PostgreSQL's own time. */
import type { QueryRaw } from '../database/rawSql.ts'

export interface RevocationClock {
  /** The number of the newest revocation. */
  head: number
  feedId: string
  /** Sessions below it have ended. */
  globalEpoch: number
  /** PostgreSQL's clock, in milliseconds since 1970: expiry times of rows are compared with it, not with this host's. */
  dbNowMs: number
}

/** An entry of the feed: its number, and the feed that gave it. */
export interface FeedPosition {
  seq: number
  /** Null for an entry that was read from the database and so belongs to its present feed. */
  feedId: string | null
}

/** Reads one row by primary key. Raw SQL, because the typed client cannot select `statement_timestamp()`. */
export async function readClock(db: QueryRaw): Promise<RevocationClock> {
  const [row] = await db.$queryRaw<RevocationClock[]>`
    SELECT head::float8 AS head, feed_id AS "feedId", global_epoch AS "globalEpoch",
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM revocation_clock WHERE id = 1`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row
}

/** @returns the position of the newest revocation */
export async function readHead(db: QueryRaw): Promise<FeedPosition & { feedId: string }> {
  const { head, feedId } = await readClock(db)
  return { seq: head, feedId }
}
