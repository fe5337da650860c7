/** Counts the active sessions, exactly while they are few. */
import type { Db } from '../database/database.ts'
import { Prisma } from '../generated/prisma/client.ts'
import { readClock } from './readClock.ts'
import { estimate } from './sessionFilter.ts'

/** A table with more sessions is not read, so that the count takes milliseconds with any number of sessions. */
const maxExact = 10_000

/**
 * @returns the exact number while the table has up to some 10,000 sessions, ended ones included; else PostgreSQL's estimate
 */
export async function countActive(db: Db): Promise<number> {
  const { globalEpoch } = await readClock(db)
  const active = Prisma.sql`ended_at IS NULL AND expires_at > statement_timestamp() AND global_epoch >= ${globalEpoch}::int`
  const { rows: total } = await estimate(db, Prisma.sql`SELECT FROM sessions`)
  if (total > maxExact) return (await estimate(db, Prisma.sql`SELECT FROM sessions WHERE ${active}`)).rows
  const [row] = await db.$queryRaw<{ sessions: number }[]>(
    Prisma.sql`SELECT count(*)::int AS sessions FROM sessions WHERE ${active}`,
  )
  return row?.sessions ?? 0
}
