/** The rows of live guards: what barriers wait for and admins look at. */
import type { Db } from './database.ts'

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
  /** The database's clock, which leases are judged by. */
  dbNowMs: number
}

interface Row extends Omit<LiveGuard, 'cursor'> {
  cursor: bigint
  isGuard: boolean
  head: bigint
  dbNowMs: number
}

/** Every guard whose lease runs. A scan of a table that holds only live guards. */
export async function readLiveGuards(db: Db): Promise<LiveGuards> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT guard.id IS NOT NULL AS "isGuard", guard.id, guard.name, guard.version, coalesce(guard.cursor, 0) AS cursor,
           extract(epoch FROM guard.lease_until)::float8 * 1000 AS "leaseUntilMs", guard.last_seen_at AS "lastSeenAt",
           guard.acked_at AS "ackedAt", clock.head, extract(epoch FROM statement_timestamp())::float8 * 1000 AS "dbNowMs"
      FROM revocation_clock AS clock LEFT JOIN guards AS guard ON guard.lease_until > statement_timestamp()
     WHERE clock.id = 1 ORDER BY guard.name, guard.id`
  const [first] = rows
  if (first === undefined) throw new Error('revocation_clock has lost its row')
  const guards = rows
    .filter(({ isGuard }) => isGuard)
    .map(({ id, name, version, cursor, leaseUntilMs, lastSeenAt, ackedAt }) => ({
      id,
      name,
      version,
      cursor: Number(cursor),
      leaseUntilMs,
      lastSeenAt,
      ackedAt,
    }))
  return { guards, head: Number(first.head), dbNowMs: first.dbNowMs }
}

/** A guard that has stopped serving takes its row away, so that nobody waits for it. It must be the client's own. */
export async function removeGuard(db: Db, guard: { id: string; clientId: string }): Promise<void> {
  await db.$queryRaw`
    WITH gone AS (DELETE FROM guards WHERE id = ${guard.id}::uuid AND client_id = ${guard.clientId} RETURNING id)
    SELECT pg_notify('gatehouse_acks', '')::text FROM gone`
}
