/** Reads and removes the rows of guards: barriers wait for them, and admins list them. */
import type { Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'

export interface LiveGuard {
  id: string
  /** The feed that the cursor belongs to. */
  feedId: string
  name: string
  version: string
  /** At its last poll; null from a guard that does not report it. */
  openStreams: number | null
  cursor: number
  leaseUntilMs: number
  lastSeenMs: number
  /** When it last acknowledged entries; before it acknowledged any, when it polled last. */
  acknowledgedAt: string
}

export interface LiveGuards {
  guards: LiveGuard[]
  feedId: string
  head: number
  /** False when the database's history has changed and no replica has given the feed a new identity yet. */
  isHistoryKnown: boolean
  /** Until then no revocation is in force, because guards may hold leases that this history does not know. */
  holdUntilMs: number | null
  /** PostgreSQL's clock, which leases are compared with. */
  dbNowMs: number
}

interface Row extends Omit<LiveGuard, 'acknowledgedAt'> {
  isGuard: boolean
  guardFeedId: string
  acknowledgedMs: number
  feedId: string
  head: number
  isHistoryKnown: boolean
  holdUntilMs: number | null
  dbNowMs: number
}

/** @returns the time since the last poll of each guard that has not said that it stops, in seconds; lost ones for minutes */
export async function readSilences(db: QueryRaw): Promise<{ id: string; name: string; seconds: number }[]> {
  return db.$queryRaw`
    SELECT id, name, greatest(extract(epoch FROM statement_timestamp() - last_seen_at), 0)::float8 AS seconds FROM guards
     WHERE lease_until > statement_timestamp() - interval '5 minutes'`
}

/**
 * Reads every guard with a running lease, the head of the feed and the history, in one snapshot and on one connection: a pooler
 * can move a connection to another server unnoticed. Scans a table that holds only live guards. The history is a subquery, so
 * that it is read once and not for each guard.
 */
export async function readLiveGuards(db: QueryRaw): Promise<LiveGuards> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT guard.id IS NOT NULL AS "isGuard", guard.id, guard.name, guard.version, guard.open_streams AS "openStreams",
           guard.feed_id AS "guardFeedId", guard.cursor::float8 AS cursor,
           date_part('epoch', guard.lease_until) * 1000 AS "leaseUntilMs",
           date_part('epoch', guard.last_seen_at) * 1000 AS "lastSeenMs",
           date_part('epoch', coalesce(guard.acked_at, guard.last_seen_at)) * 1000 AS "acknowledgedMs",
           clock.head::float8 AS head, clock.feed_id AS "feedId",
           clock.history IS NOT DISTINCT FROM (SELECT database_history()) AS "isHistoryKnown",
           date_part('epoch', clock.hold_until) * 1000 AS "holdUntilMs",
           date_part('epoch', statement_timestamp()) * 1000 AS "dbNowMs"
      FROM revocation_clock AS clock LEFT JOIN guards AS guard ON guard.lease_until > statement_timestamp()
     WHERE clock.id = 1 ORDER BY guard.name, guard.id`
  const [first] = rows
  if (first === undefined) throw new Error('revocation_clock has lost its row')
  const guards = rows
    .filter(({ isGuard }) => isGuard)
    .map(({ id, guardFeedId, name, version, openStreams, cursor, leaseUntilMs, lastSeenMs, acknowledgedMs }) => ({
      id,
      feedId: guardFeedId,
      name,
      version,
      openStreams,
      cursor,
      leaseUntilMs,
      lastSeenMs,
      acknowledgedAt: new Date(acknowledgedMs).toISOString(),
    }))
  const { feedId, head, isHistoryKnown, holdUntilMs, dbNowMs } = first
  return { guards, feedId, head, isHistoryKnown, holdUntilMs, dbNowMs }
}

/** How many entries the guard lacks; all of them when its cursor belongs to another feed. */
export function lagOf({ feedId, cursor }: LiveGuard, feed: Pick<LiveGuards, 'feedId' | 'head'>): number {
  return feedId === feed.feedId ? feed.head - cursor : feed.head
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
