/** Appends entries to the feed, together with the audit entry of the action that caused them. */
import type { EntryKind, KeyEffect, RevocationEffect } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import { toInet } from './inet.ts'
import type { FeedPosition } from './readClock.ts'
import type { AuditRow } from './writeAudit.ts'

/** What a revocation did, and the feed entry that carries it: the revocation is in force once that entry is. */
export interface RevocationResult extends FeedPosition {
  kind: EntryKind
  /** Id of the account, session or key; null for several sessions and for all. */
  subject: string | null
  effect: RevocationEffect | KeyEffect
  sessionsEnded: number
}

export interface NewRevocation {
  kind: Exclude<EntryKind, 'key'>
  subject: string | null
  epoch: number | null
  effect: RevocationEffect
}

export interface NewRevocations {
  entries: readonly NewRevocation[]
  /** How long the entries are kept, in milliseconds: the longest token lifetime and the margin. */
  retentionMs: number
  audit: AuditRow
}

/**
 * Must be the last statement of its transaction.
 *
 * Relies on the row lock of `revocation_clock`, held until the commit: numbers are gapless and ordered by commit, so no
 * reader steps over an entry that commits late. Every transaction takes this lock last, so transactions cannot wait in a
 * circle, and they wait only for a commit. The notification wakes readers, which then read the table.
 * @returns the position of the last entry
 */
export async function appendRevocations(
  db: Db,
  { entries, retentionMs, audit }: NewRevocations,
): Promise<FeedPosition> {
  const column = <Name extends keyof NewRevocation>(name: Name) => entries.map(entry => entry[name])
  const [row] = await db.$queryRaw<{ head: bigint; feedId: string }[]>`
    WITH clock AS (
      UPDATE revocation_clock SET head = head + ${entries.length} WHERE id = 1 RETURNING head, feed_id
    ), appended AS (
      INSERT INTO revocations (seq, kind, subject, epoch, effect, expires_at)
      SELECT clock.head - ${entries.length} + entry.position, entry.kind, entry.subject, entry.epoch, entry.effect,
             greatest(clock_timestamp() + make_interval(secs => ${retentionMs / 1000}::float8),
                      (SELECT retain_until FROM database_heartbeat WHERE id = 1))
        FROM clock, unnest(${column('kind')}::text[], ${column('subject')}::uuid[], ${column('epoch')}::int[], ${column('effect')}::text[])
             WITH ORDINALITY AS entry (kind, subject, epoch, effect, position)
    ), audited AS (
      INSERT INTO audit_entries (actor, action, target, reason, address, request_id, outcome, seq, detail)
      SELECT ${audit.actor}, ${audit.action}, ${audit.target}, ${audit.reason}, ${toInet(audit.address)}::inet, ${audit.requestId},
             ${audit.outcome}, clock.head, ${JSON.stringify(audit.detail)}::jsonb
        FROM clock
    )
    SELECT clock.head, clock.feed_id AS "feedId", pg_notify('gatehouse_feed', '')::text FROM clock`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return { seq: Number(row.head), feedId: row.feedId }
}

/**
 * Raises the global epoch, which ends every session at once. Takes the clock's lock and holds it until the commit, so it counts
 * nothing and comes immediately before `appendRevocations`.
 * @returns the new global epoch
 */
export async function raiseGlobalEpoch(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ globalEpoch: number }[]>`
    UPDATE revocation_clock SET global_epoch = next_epoch(global_epoch) WHERE id = 1
    RETURNING global_epoch AS "globalEpoch"`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row.globalEpoch
}
