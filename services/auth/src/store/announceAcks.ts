/** Tells the other replicas that guards have acknowledged something. */
import type { RawSql } from '../database/rawSql.ts'

/**
 * A transaction of its own, which writes nothing and so waits for no disk. When it is lost, barriers find out by reading again.
 * @param from the replica that knows already: its ear passes over what it has said itself
 */
export async function announceAcks(db: RawSql, from: string): Promise<void> {
  await db.$queryRaw`SELECT pg_notify('gatehouse_acks', ${from})::text AS notified`
}
