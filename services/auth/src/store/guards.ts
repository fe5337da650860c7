/** Reads and removes the rows of guards: barriers wait for them, and admins list them. */
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'

export interface LiveGuard {
  id: string
  name: string
  version: string
  cursor: number
  leaseUntilMs: number
  lastSeenAt: Date
  ackedAt: Date | null
}

export interface LiveGuards {
  guards: LiveGuard[]
  head: number
  /** PostgreSQL's clock, which leases are compared with. */
  dbNowMs: number
}

interface Row extends Omit<LiveGuard, 'lastSeenAt' | 'ackedAt'> {
  isGuard: boolean
  lastSeenMs: number
  ackedMs: number | null
  head: number
  dbNowMs: number
}

/** Reads every guard with a running lease, and the head of the feed, in one snapshot. Scans a table that holds only live guards. */
export async function readLiveGuards(db: QueryRaw): Promise<LiveGuards> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT guard.id IS NOT NULL AS "isGuard", guard.id, guard.name, guard.version, guard.cursor::float8 AS cursor,
           extract(epoch FROM guard.lease_until)::float8 * 1000 AS "leaseUntilMs",
           extract(epoch FROM guard.last_seen_at)::float8 * 1000 AS "lastSeenMs",
           extract(epoch FROM guard.acked_at)::float8 * 1000 AS "ackedMs", clock.head::float8 AS head,
           extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM revocation_clock AS clock LEFT JOIN guards AS guard ON guard.lease_until > statement_timestamp()
     WHERE clock.id = 1 ORDER BY guard.name, guard.id`
  const [first] = rows
  if (first === undefined) throw new Error('revocation_clock has lost its row')
  const guards = rows
    .filter(({ isGuard }) => isGuard)
    .map(({ id, name, version, cursor, leaseUntilMs, lastSeenMs, ackedMs }) => ({
      ...{ id, name, version, cursor, leaseUntilMs },
      lastSeenAt: new Date(lastSeenMs),
      ackedAt: ackedMs === null ? null : new Date(ackedMs),
    }))
  return { guards, head: first.head, dbNowMs: first.dbNowMs }
}

/**
 * Deletes the row of a guard that has stopped serving, so that no barrier waits for it. One statement, so that the notification
 * is sent if and only if the row was deleted. The guard must belong to the client.
 */
export async function removeGuard(db: Db, guard: { id: string; clientId: string }): Promise<void> {
  await db.$queryRaw`
    WITH deleted AS (DELETE FROM guards WHERE id = ${guard.id}::uuid AND client_id = ${guard.clientId} RETURNING id)
    SELECT pg_notify('gatehouse_acks', '')::text FROM deleted`
}

/**
 * Notifies the other replicas that guards have acknowledged entries. A transaction of its own, which writes nothing and so waits
 * for no disk. A lost notification costs time only: barriers also read at intervals.
 * @param from the id of this replica, whose listener ignores its own notifications
 */
export async function announceAcks(db: QueryRaw, from: string): Promise<void> {
  await db.$queryRaw`SELECT pg_notify('gatehouse_acks', ${from})::text AS notified`
}
