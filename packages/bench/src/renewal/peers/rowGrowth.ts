/** Counts the rows that renewals add to a database. */
import { onServer } from '@gatehouse/testkit'
import { type Exchange, load } from '../../load/load.ts'
import { limited } from '../../load/requests.ts'

const timeoutMs = 60_000

export interface RenewalTarget {
  url: string
  databaseUrl: string
  next: () => Exchange | undefined
}

/**
 * Sends renewals one after the other. One more is sent before the first count, so that rows which a
 * process writes once, such as a signing key, do not count.
 * @returns by how many rows tables grow; a table that shrinks counts as zero
 */
export async function rowsAddedBy(times: number, target: RenewalTarget): Promise<number> {
  await renew(1, target)
  const before = await rowCounts(target.databaseUrl)
  await renew(times, target)
  const after = await rowCounts(target.databaseUrl)
  return [...after].reduce((total, [table, rows]) => total + Math.max(0, rows - (before.get(table) ?? 0)), 0)
}

async function renew(times: number, { url, next }: RenewalTarget): Promise<void> {
  const options = { url, connections: 1, durationMs: timeoutMs }
  const { latencies, refused } = await load({ ...options, next: limited(times, next) })
  if (latencies.length !== times || Object.keys(refused).length > 0) {
    throw new Error(`${latencies.length} of ${times} renewals were answered, refused: ${JSON.stringify(refused)}`)
  }
}

async function rowCounts(databaseUrl: string): Promise<Map<string, number>> {
  const names = `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables`
  const tables = await onServer(databaseUrl, names)
  const counts = tables.rows.map(
    ({ name }) => `SELECT '${name.replaceAll("'", "''")}' AS name, count(*)::int AS rows FROM ${name}`,
  )
  const { rows } = await onServer(databaseUrl, counts.join(' UNION ALL '))
  return new Map(rows.map(({ name, rows }) => [name, rows]))
}
