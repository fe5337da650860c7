/** Deletes expired records in batches. `SKIP LOCKED` lets replicas sweep at the same time: each leaves the rows that another has locked. */
import type { Db, PrismaClient } from '../database/database.ts'

/** By the index on `expires_at`: every token that the entry covers has expired. */
export async function removeRevocations(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM revocations WHERE seq IN (
      SELECT seq FROM revocations WHERE expires_at < statement_timestamp() LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/** Scans a small table. A guard whose lease ended ten minutes ago accepts no token; if it returns, it reads the feed from the start. */
export async function removeDeadGuards(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    WITH deleted AS (
      DELETE FROM guards WHERE id IN (
        SELECT id FROM guards WHERE greatest(lease_until, last_seen_at) < statement_timestamp() - interval '10 minutes'
         LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING client_id, last_seen_at
    ), used AS (
      UPDATE service_clients SET last_used_at = greatest(last_used_at, seen.at)
        FROM (SELECT client_id, max(last_seen_at) AS at FROM deleted GROUP BY client_id) AS seen WHERE id = seen.client_id
    )
    SELECT 1 FROM deleted`
}

/** Scans the table: an index on a column that every failure updates would cost more than it saves. */
export async function removeRateLimits(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM rate_limits WHERE key IN (
      SELECT key FROM rate_limits WHERE expire < extract(epoch FROM statement_timestamp()) * 1000
       LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/** By the index on `expires_at`. */
export async function removeCreations(db: Db, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM creations WHERE key_hash IN (
      SELECT key_hash FROM creations WHERE expires_at < statement_timestamp() LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

/** By the index on `at`. A trigger refuses every deletion whose transaction does not set `gatehouse.audit_retention`. */
export async function removeOldAudit(
  prisma: PrismaClient,
  { limit, retentionDays }: { limit: number; retentionDays: number },
): Promise<number> {
  return prisma.$transaction(async tx => {
    await tx.$queryRaw`SELECT set_config('gatehouse.audit_retention', 'on', true)`
    return tx.$executeRaw`
      DELETE FROM audit_entries WHERE id IN (
        SELECT id FROM audit_entries WHERE at < statement_timestamp() - make_interval(days => ${retentionDays}::int)
         ORDER BY at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
  })
}
