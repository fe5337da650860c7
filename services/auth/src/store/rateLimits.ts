/** Counters with a time window, which all replicas share. */
import type { QueryRaw } from '../database/rawSql.ts'

export interface Count {
  points: number
  /** How long the window lasts, in milliseconds. */
  leftMs: number
}

export interface Addition {
  key: string
  points: number
  windowSeconds: number
}

/**
 * Begins a window, or adds to that which runs, by primary key: the row's lock counts concurrent additions one after the other.
 * PostgreSQL's time begins and ends a window, so hosts whose clocks differ share it. Within a window only the points change:
 * such an update stays heap-only.
 */
export async function addPoints(db: QueryRaw, { key, points, windowSeconds }: Addition): Promise<Count> {
  const [row] = await db.$queryRaw<Count[]>`
    INSERT INTO rate_limits AS counter (key, points, expires_at)
    VALUES (${key}, ${points}::int, statement_timestamp() + make_interval(secs => ${windowSeconds}::float8))
    ON CONFLICT (key) DO UPDATE
       SET points = CASE WHEN counter.expires_at > statement_timestamp() THEN counter.points ELSE 0 END + excluded.points,
           expires_at = CASE WHEN counter.expires_at > statement_timestamp() THEN counter.expires_at ELSE excluded.expires_at END
    RETURNING points, extract(epoch FROM expires_at - statement_timestamp())::float8 * 1000 AS "leftMs"`
  if (row === undefined) throw new Error('an upsert returned no row')
  return row
}

/** By primary key; a window that has ended keeps its points. */
export async function takeBackPoint(db: QueryRaw, key: string): Promise<void> {
  await db.$queryRaw`
    UPDATE rate_limits SET points = points - 1 WHERE key = ${key} AND expires_at > statement_timestamp()`
}

/** By primary key. */
export async function deleteCounter(db: QueryRaw, key: string): Promise<void> {
  await db.$queryRaw`DELETE FROM rate_limits WHERE key = ${key}`
}
