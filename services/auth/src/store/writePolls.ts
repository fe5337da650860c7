/** Writes a batch of polls in one committed statement: authenticates each guard, moves its cursor and extends its lease. */
import type { LeaseRules } from '@gatehouse/protocol'
import type { QueryRaw } from '../database/rawSql.ts'

export interface PollRow {
  guard: string
  clientId: string
  secretHash: Buffer
  name: string
  version: string
  /** Null or absent from a guard that does not report it. */
  openStreams?: number | null
  feedId: string | null
  after: number | null
}

export interface PollLimits extends LeaseRules {
  /** The number of guards that one service client may have, which bounds the rows that a leaked secret can insert. */
  guardsPerClient: number
}

export interface PollWriteResult {
  refused: 'client-invalid' | 'feed-changed' | 'too-many' | null
  /** The guard had a running lease: its poll may be held. A guard without one needs the answer to get a lease. */
  hadLease: boolean
  /** The lease in milliseconds, counted from before the guard sent the poll; 0 grants none. */
  leaseMs: number
  /** The guard acknowledged entries, so a barrier may end. */
  hasMoved: boolean
}

/**
 * Implements the rules of protocol's `decidePoll` as one statement; a test compares the two.
 *
 * The steps of the statement:
 * 1. `input`: the polls.
 * 2. `decided`: each poll with its lease and its refusal, from the clock, the guard's row and its client.
 * 3. `inserted`: a first poll inserts the guard's row, without a lease.
 * 4. `updated`: a later poll moves the cursor and extends the lease.
 * 5. The result; a poll whose guard's row is gone by now is refused.
 *
 * The statement must be committed before the entries are read for these polls: the proof of the lease rests on that order.
 * Relies on the row locks of `guards`. The caller passes each guard once, in the order of the ids, so that two replicas cannot
 * wait for each other. It sends no notification: PostgreSQL commits transactions that notify one after another in the whole
 * cluster, each with its own write to disk.
 *
 * Only a first poll inserts a row, and that row has no lease. A poll that executes after its guard has left, whether the row is
 * already gone or is deleted while the statement waits for its lock, must not insert the row again: the next revocation would
 * wait for a guard that no longer runs.
 *
 * No lease ends later than one full lease after the first entry that the guard lacks (found by the primary key of
 * `revocations`). So every barrier ends within one lease, however many answers a guard loses.
 * @returns the result for each guard of the batch
 */
export async function writePolls(
  db: QueryRaw,
  polls: readonly PollRow[],
  limits: PollLimits,
): Promise<Map<string, PollWriteResult>> {
  const input = polls.map(({ guard, clientId, secretHash, name, version, openStreams, feedId, after }) => ({
    guard,
    client_id: clientId,
    secret_hash: secretHash.toString('hex'),
    name,
    version,
    open_streams: openStreams ?? null,
    feed_id: feedId,
    after,
  }))
  const rows = await db.$queryRaw<(PollWriteResult & { guard: string })[]>`
    WITH input AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(input)}::jsonb)
                      AS input (guard uuid, client_id text, secret_hash text, name text, version text,
                                open_streams int, feed_id uuid, after bigint)
    ), decided AS (
      SELECT input.*, clock.feed_id AS current_feed_id, coalesce(known.cursor, 0) AS previous_cursor,
             coalesce(known.lease_until > statement_timestamp(), false) AS had_lease,
             CASE WHEN input.after IS NULL OR clock.head - input.after > ${limits.pageSize}::int THEN 0
                  ELSE greatest(0, floor(${limits.leaseMs}::float8 - greatest(0, coalesce(
                    extract(epoch FROM statement_timestamp() - missing.created_at)::float8 * 1000, 0)))) END AS lease_ms,
             CASE WHEN client.id IS NULL OR known.client_id <> input.client_id THEN 'client-invalid'
                  WHEN input.after IS NOT NULL AND (known.id IS NULL OR known.feed_id <> clock.feed_id
                                                   OR input.feed_id IS DISTINCT FROM clock.feed_id
                                                   OR input.after > clock.head)
                    THEN 'feed-changed'
                  WHEN known.id IS NULL AND (SELECT count(*) FROM guards WHERE guards.client_id = input.client_id)
                       + count(*) FILTER (WHERE known.id IS NULL AND input.after IS NULL)
                         OVER (PARTITION BY client.id ORDER BY input.guard)
                       > ${limits.guardsPerClient}::int
                    THEN 'too-many' END AS refused
        FROM input
        JOIN revocation_clock AS clock ON clock.id = 1
        LEFT JOIN guards AS known ON known.id = input.guard
        LEFT JOIN LATERAL (SELECT created_at FROM revocations
                            WHERE seq > input.after ORDER BY seq LIMIT 1) AS missing ON true
        LEFT JOIN service_clients AS client ON client.id = input.client_id AND 'guard' = ANY (client.scopes)
              AND (client.secret_hash = decode(input.secret_hash, 'hex')
                   OR (client.previous_secret_hash = decode(input.secret_hash, 'hex')
                       AND client.previous_secret_ends_at > statement_timestamp()))
    ), inserted AS (
      INSERT INTO guards AS row (id, client_id, name, version, open_streams, feed_id, cursor, lease_until, last_seen_at)
      SELECT guard, client_id, name, version, open_streams, current_feed_id, 0, statement_timestamp(), statement_timestamp()
        FROM decided WHERE refused IS NULL AND after IS NULL ORDER BY guard
      ON CONFLICT (id) DO UPDATE
         SET last_seen_at = excluded.last_seen_at, open_streams = excluded.open_streams, feed_id = excluded.feed_id,
             cursor = CASE WHEN row.feed_id = excluded.feed_id THEN row.cursor ELSE 0 END
      RETURNING id
    ), updated AS (
      UPDATE guards AS row
         SET cursor = greatest(row.cursor, after),
             lease_until = CASE WHEN lease_ms = 0 THEN row.lease_until
                                ELSE greatest(row.lease_until, statement_timestamp()
                                              + make_interval(secs => (lease_ms + ${limits.marginMs}::float8) / 1000)) END,
             acked_at = CASE WHEN after > row.cursor THEN clock_timestamp() ELSE row.acked_at END,
             last_seen_at = statement_timestamp(), open_streams = decided.open_streams
        FROM decided
       WHERE row.id = decided.guard AND row.feed_id = current_feed_id AND refused IS NULL AND after IS NOT NULL
      RETURNING row.id
    ), written AS (
      SELECT id FROM inserted UNION ALL SELECT id FROM updated
    )
    SELECT decided.guard, coalesce(refused, CASE WHEN written.id IS NULL THEN 'feed-changed' END) AS refused,
           had_lease AS "hadLease",
           CASE WHEN refused IS NULL AND written.id IS NOT NULL THEN lease_ms ELSE 0 END AS "leaseMs",
           refused IS NULL AND coalesce(after > previous_cursor, false) AS "hasMoved"
      FROM decided LEFT JOIN written ON written.id = decided.guard`
  return new Map(rows.map(({ guard, ...result }) => [guard, result]))
}
