/**
 * Notices that the database has another history than before, as after a fail-over to a standby that lacked the last commits,
 * and gives the feed a new identity.
 */
import type { SendStatement } from '../database/rawSql.ts'

export interface HistoryChange {
  from: string | null
  to: string
  feedId: string
}

/**
 * Compares the database's history with that of the feed. If they differ, one caller gives the feed a new identity, holds every
 * barrier, writes the audit entry, wakes the held polls and makes replicas read the keys again.
 *
 * Relies on the row lock of `revocation_clock`: the second of two callers waits, and then finds the new history. Without a
 * difference, the statement locks and writes nothing. Returns nothing on a standby.
 * @param options.holdMs the longest time for which a guard may decide by a lease that this history does not know: lease and margin
 * @param options.lostFeedId a feed that is known to have lost entries, whatever the history
 */
export async function adoptHistory(
  send: SendStatement,
  { holdMs, lostFeedId }: { holdMs: number; lostFeedId: string | null },
): Promise<HistoryChange | undefined> {
  const [change] = await send<HistoryChange>(adoptStatement, [holdMs, lostFeedId])
  return change
}

const adoptStatement = `
  WITH present AS (
    SELECT id, history AS former, database_history() AS history FROM revocation_clock WHERE id = 1
  ), changed AS (
    UPDATE revocation_clock AS clock
       SET feed_id = gen_random_uuid(), history = present.history,
           hold_until = clock_timestamp() + make_interval(secs => $1::float8 / 1000)
      FROM present
     WHERE clock.id = present.id AND present.history IS NOT NULL
       AND (clock.history IS DISTINCT FROM present.history OR clock.feed_id = $2::uuid)
    RETURNING clock.feed_id, clock.hold_until, present.former, present.history
  ), audited AS (
    INSERT INTO audit_entries (action, outcome, detail)
    SELECT 'database.history-changed', 'done',
           jsonb_build_object('from', former, 'to', history, 'feedId', feed_id, 'heldUntil', hold_until)
      FROM changed
  )
  SELECT former AS "from", history AS "to", feed_id AS "feedId", pg_notify('gatehouse_feed', '')::text AS notified,
         pg_notify('gatehouse_keys', '')::text AS "keysNotified"
    FROM changed`

export interface Heartbeat {
  beat: number
  feedId: string
}

/**
 * Raises the heartbeat and commits: a later beat that is not higher shows that commits were lost, also without timelines. Every
 * replica then keeps its revocations for at least `retainMs` from now.
 */
export async function beat(send: SendStatement, retainMs: number): Promise<Heartbeat | undefined> {
  const [row] = await send<Heartbeat>(
    `UPDATE database_heartbeat AS heartbeat
        SET beat = heartbeat.beat + 1,
            retain_until = greatest(heartbeat.retain_until, clock_timestamp() + make_interval(secs => $1::float8 / 1000))
       FROM revocation_clock AS clock WHERE heartbeat.id = 1 AND clock.id = 1
     RETURNING heartbeat.beat::float8 AS beat, clock.feed_id AS "feedId"`,
    [retainMs],
  )
  return row
}
