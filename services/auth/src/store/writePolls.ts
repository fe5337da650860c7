/** Writes a batch of polls: authenticates each guard, moves its cursor and extends its lease, in one committed statement. */
import type { LeaseRules } from '@gatehouse/protocol'
import type { QueryRaw } from '../database/rawSql.ts'

export interface PollRow {
  guard: string
  clientId: string
  secretHash: Buffer
  name: string
  version: string
  feedId: string | null
  after: number | null
}

export interface PollLimits extends LeaseRules {
  /** Rows that one service client may have: what a thousand bogus guards are bounded by. */
  guardsPerClient: number
}

export interface PollWriteResult {
  refused: 'client-invalid' | 'feed-changed' | 'too-many' | null
  /** Its lease runs already: it can wait for news. One without a lease waits for nothing but that. */
  hadLease: boolean
  /** The lease that the row grants, counted from before the poll was sent; 0 is none. */
  leaseMs: number
  /** It acknowledged something: a barrier may end. */
  hasMoved: boolean
}

/**
 * The same rules as protocol's `judgePoll`, as one statement; a test holds them together.
 *
 * Must be committed before the entries are read for these polls: that order is the proof of the lease. Relies on the row
 * locks of `guards`; the caller gives each guard once, in the order of their ids, so that two replicas cannot wait for each
 * other. It notifies nobody itself: transactions that notify commit one after the other in the whole cluster, each with its
 * own write to disk.
 * Only a first poll makes a row, and without a lease: one that is carried out after its guard has left, whether the row is gone
 * already or goes while this waits for its lock, must not bring it back, or the next revocation would wait for nobody.
 * No lease ends later than a whole one counted from the first entry that the guard lacks (by the primary key of `revocations`):
 * so every barrier ends within one lease, however often a guard's answers are lost.
 * @returns a verdict for each guard of the batch
 */
export async function writePolls(
  db: QueryRaw,
  polls: readonly PollRow[],
  limits: PollLimits,
): Promise<Map<string, PollWriteResult>> {
  const asked = polls.map(({ guard, clientId, secretHash, name, version, feedId, after }) => ({
    ...{ guard, client_id: clientId, secret_hash: secretHash.toString('hex') },
    ...{ name, version, feed_id: feedId, after },
  }))
  const rows = await db.$queryRaw<(PollWriteResult & { guard: string })[]>`
    WITH asked AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
                      AS asked (guard uuid, client_id text, secret_hash text, name text, version text, feed_id uuid, after bigint)
    ), judged AS (
      SELECT asked.*, coalesce(known.cursor, 0) AS was, coalesce(known.lease_until > statement_timestamp(), false) AS had_lease,
             CASE WHEN asked.after IS NULL OR clock.head - asked.after > ${limits.pageSize}::int THEN 0
                  ELSE greatest(0, floor(${limits.leaseMs}::float8 - greatest(0, coalesce(
                    extract(epoch FROM statement_timestamp() - lacked.created_at)::float8 * 1000, 0)))) END AS lease_ms,
             CASE WHEN client.id IS NULL OR known.client_id <> asked.client_id THEN 'client-invalid'
                  WHEN asked.after IS NOT NULL AND (known.id IS NULL OR asked.feed_id IS DISTINCT FROM clock.feed_id OR asked.after > clock.head)
                    THEN 'feed-changed'
                  WHEN known.id IS NULL AND (SELECT count(*) FROM guards WHERE guards.client_id = asked.client_id)
                       + count(*) FILTER (WHERE known.id IS NULL AND asked.after IS NULL) OVER (PARTITION BY client.id ORDER BY asked.guard)
                       > ${limits.guardsPerClient}::int
                    THEN 'too-many' END AS refused
        FROM asked
        JOIN revocation_clock AS clock ON clock.id = 1
        LEFT JOIN guards AS known ON known.id = asked.guard
        LEFT JOIN LATERAL (SELECT created_at FROM revocations WHERE seq > asked.after ORDER BY seq LIMIT 1) AS lacked ON true
        LEFT JOIN service_clients AS client ON client.id = asked.client_id AND 'guard' = ANY (client.scopes)
              AND (client.secret_hash = decode(asked.secret_hash, 'hex')
                   OR (client.previous_secret_hash = decode(asked.secret_hash, 'hex') AND client.previous_secret_ends_at > statement_timestamp()))
    ), begun AS (
      INSERT INTO guards AS row (id, client_id, name, version, cursor, lease_until, last_seen_at)
      SELECT guard, client_id, name, version, 0, statement_timestamp(), statement_timestamp()
        FROM judged WHERE refused IS NULL AND after IS NULL ORDER BY guard
      ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at
      RETURNING id
    ), moved AS (
      UPDATE guards AS row
         SET cursor = greatest(row.cursor, after),
             lease_until = CASE WHEN lease_ms = 0 THEN row.lease_until
                                ELSE greatest(row.lease_until, statement_timestamp()
                                              + make_interval(secs => (lease_ms + ${limits.marginMs}::float8) / 1000)) END,
             acked_at = CASE WHEN after > row.cursor THEN clock_timestamp() ELSE row.acked_at END,
             last_seen_at = statement_timestamp()
        FROM judged WHERE row.id = judged.guard AND refused IS NULL AND after IS NOT NULL
      RETURNING row.id
    ), written AS (
      SELECT id FROM begun UNION ALL SELECT id FROM moved
    )
    SELECT judged.guard, coalesce(refused, CASE WHEN written.id IS NULL THEN 'feed-changed' END) AS refused, had_lease AS "hadLease",
           CASE WHEN refused IS NULL AND written.id IS NOT NULL THEN lease_ms ELSE 0 END AS "leaseMs",
           refused IS NULL AND coalesce(after > was, false) AS "hasMoved"
      FROM judged LEFT JOIN written ON written.id = judged.guard`
  return new Map(rows.map(({ guard, ...verdict }) => [guard, verdict]))
}
