/** The partitions of the audit log: one a month, created ahead of time and dropped whole. */
import type { Db } from '../database/database.ts'

/**
 * Creates the partitions of the next two months. A month that has begun gets none: its entries are in the default partition,
 * and an insert at the moment of the change would fail. Relies on the lock of `audit_entries`, so that of two replicas the
 * second finds the partitions of the first. Locks out no insert.
 * @returns the number of partitions that this call created
 */
export async function createAuditPartitions(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ created: number }[]>`
    SELECT count(*) FILTER (WHERE create_audit_partition(
             date_trunc('month', clock_timestamp(), 'UTC') + make_interval(months => n)))::int AS created
      FROM generate_series(1, 2) AS n`
  return row?.created ?? 0
}

/**
 * Drops the oldest partition all of whose entries are old enough. Locks out inserts while it drops the table, and waits for
 * that lock a tenth of a second at most.
 * @returns the number of partitions that this call dropped: 0 or 1
 * @throws PostgreSQL's error 55P03 while a transaction reads the audit log
 */
export async function dropAuditPartition(db: Db, retentionDays: number): Promise<number> {
  const [row] = await db.$queryRaw<{ dropped: number }[]>`
    SELECT count(drop_audit_partition(clock_timestamp() - make_interval(days => ${retentionDays}::int)))::int AS dropped`
  return row?.dropped ?? 0
}
