/** Reads the feed: its head, and the entries beyond a cursor that have not expired. */
import type { Entry, FeedKey } from '@gatehouse/contract'
import type { QueryRaw } from '../database/rawSql.ts'

export interface FeedPage {
  feedId: string
  head: number
  /** The database's time of the snapshot, in milliseconds since 1970. */
  dbNowMs: number
  entries: Entry[]
  more: boolean
}

interface Row {
  feedId: string
  head: number
  dbNowMs: number
  /** Null, like all that follows, when there is no entry. */
  seq: number | null
  kind: Entry['kind']
  subject: string | null
  epoch: number | null
  effect: Entry['effect']
  expiresAtMs: number
  /** JSON; null for a revocation. */
  key: string | null
}

/**
 * Joins the clock with the page of entries; without an entry, the clock's row comes alone.
 *
 * One statement and so one snapshot: commits are ordered by number, so a reader that sees `head` sees every entry up to
 * it. Reads by the primary key of `revocations`.
 */
export async function readFeed(
  db: QueryRaw,
  { after, pageSize }: { after: number; pageSize: number },
): Promise<FeedPage> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT clock.feed_id AS "feedId", clock.head::float8 AS head,
           floor(extract(epoch FROM statement_timestamp()) * 1000)::float8 AS "dbNowMs",
           entry.seq::float8 AS seq, entry.kind, entry.subject, entry.epoch, entry.effect,
           floor(extract(epoch FROM entry.expires_at) * 1000)::float8 AS "expiresAtMs",
           entry.key::text AS key
      FROM revocation_clock AS clock
      LEFT JOIN LATERAL (SELECT * FROM revocations WHERE seq > ${after}::bigint
                            AND expires_at > statement_timestamp()
                          ORDER BY seq LIMIT ${pageSize + 1}::int) AS entry ON true
     WHERE clock.id = 1 ORDER BY seq`
  const [first] = rows
  if (first === undefined) throw new Error('revocation_clock has lost its row')
  const entries = rows.slice(0, pageSize).flatMap(entryOf)
  const { feedId, head, dbNowMs } = first
  return { feedId, head, dbNowMs, entries, more: rows.length > pageSize }
}

function entryOf({ seq, kind, subject, epoch, effect, expiresAtMs, key }: Row): Entry[] {
  if (seq === null) return []
  const entry = { seq, kind, subject, epoch, effect, expiresAtMs }
  return [(key === null ? entry : { ...entry, key: JSON.parse(key) as FeedKey }) as Entry]
}
