/** Counts the active sessions, exactly while they are few. */
import type { Db } from '../database/database.ts'
import { readClock } from './readClock.ts'

/** Beyond this number the count is an estimate, so that it takes milliseconds with any number of sessions. */
const maxExact = 10_000

/**
 * @returns the exact number up to 10,000, else PostgreSQL's estimate
 */
export async function countActive(db: Db): Promise<number> {
  const { globalEpoch } = await readClock(db)
  const [row] = await db.$queryRaw<{ sessions: number }[]>`
    SELECT count(*)::int AS sessions
      FROM (SELECT FROM sessions
             WHERE ended_at IS NULL AND expires_at > statement_timestamp()
               AND global_epoch >= ${globalEpoch}::int
             LIMIT ${maxExact + 1}) AS active`
  const exact = row?.sessions ?? 0
  return exact <= maxExact ? exact : Math.max(exact, await estimateActive(db, globalEpoch))
}

interface Plan {
  'QUERY PLAN': { Plan: { 'Plan Rows': number } }[]
}

/** The planner's estimate from the statistics of the last ANALYZE; reads no row of `sessions`. */
async function estimateActive(db: Db, globalEpoch: number): Promise<number> {
  const [plan] = await db.$queryRaw<Plan[]>`
    EXPLAIN (FORMAT JSON)
    SELECT FROM sessions
     WHERE ended_at IS NULL AND expires_at > statement_timestamp()
       AND global_epoch >= ${globalEpoch}::int`
  return plan?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
}
