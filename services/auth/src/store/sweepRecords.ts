/**
 * Deletes expired records in batches. `SKIP LOCKED` lets replicas sweep at the same time: each leaves the rows that another has
 * locked. A batch is an array of keys, not a join, for which PostgreSQL might read the whole table.
 */
import type { Db, PrismaClient } from '../database/database.ts'

/** The next rows of a table, in the order of their ids. */
export interface Slice {
  limit: number
  /** The id at which the previous slice ended; `lowestId` starts at the beginning. */
  after: string
}

export interface SweptSlice {
  removed: number
  /** The id at which this slice ended; null at the end of the table. */
  last: string | null
}

/** No row has it. */
export const lowestId = '00000000-0000-0000-0000-000000000000'

/** By the index on `expires_at`: every token that the entry covers has expired. */
export async function removeRevocations(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM revocations WHERE seq = ANY (ARRAY(
      SELECT seq FROM revocations WHERE expires_at < statement_timestamp()
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/**
 * Reads the next rows by primary key: with an index on a time that every poll moves, no poll would be a heap-only update. A
 * guard whose lease ended ten minutes ago accepts no token; if it returns, it reads the feed from the start.
 */
export async function removeDeadGuards(db: Db, { after, limit }: Slice): Promise<SweptSlice> {
  const [row] = await db.$queryRaw<SweptSlice[]>`
    WITH candidates AS (
      SELECT id FROM guards
       WHERE id > ${after}::uuid ORDER BY id LIMIT ${limit}
    ), deleted AS (
      DELETE FROM guards WHERE id = ANY (ARRAY(
        SELECT id FROM guards
         WHERE id = ANY (ARRAY(SELECT id FROM candidates))
           AND greatest(lease_until, last_seen_at) < statement_timestamp() - interval '10 minutes'
           FOR UPDATE SKIP LOCKED))
      RETURNING client_id, last_seen_at
    ), used AS (
      UPDATE service_clients SET last_used_at = greatest(last_used_at, seen.at)
        FROM (SELECT client_id, max(last_seen_at) AS at FROM deleted GROUP BY client_id) AS seen WHERE id = seen.client_id
    )
    SELECT (SELECT count(*)::int FROM deleted) AS removed,
           (SELECT id FROM candidates ORDER BY id DESC LIMIT 1) AS last`
  return row ?? { removed: 0, last: null }
}

/** By the index on `expires_at`, which a failure within its window does not change: such an update stays heap-only. */
export async function removeRateLimits(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM rate_limits WHERE key = ANY (ARRAY(
      SELECT key FROM rate_limits WHERE expires_at < statement_timestamp()
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/** By the index on `expires_at`. */
export async function removeCreations(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM creations WHERE key_hash = ANY (ARRAY(
      SELECT key_hash FROM creations WHERE expires_at < statement_timestamp()
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
}

/**
 * Entries of months without a partition, by the index on `at`. A trigger refuses every deletion whose transaction does not set
 * `gatehouse.audit_retention`.
 */
export async function removeOldAudit(
  prisma: PrismaClient,
  { limit, retentionDays }: { limit: number; retentionDays: number },
): Promise<number> {
  return prisma.$transaction(async tx => {
    await tx.$queryRaw`SELECT set_config('gatehouse.audit_retention', 'on', true)`
    return tx.$executeRaw`
      DELETE FROM audit_entries_default WHERE id = ANY (ARRAY(
        SELECT id FROM audit_entries_default
         WHERE at < statement_timestamp() - make_interval(days => ${retentionDays}::int)
         ORDER BY at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
  })
}
