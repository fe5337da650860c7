/** What renewals leave in a database. */
import { onServer } from '@gatehouse/testkit'
import { type Exchange, load } from '../../load/load.ts'

const timeoutMs = 60_000

export interface Renewing {
  url: string
  databaseUrl: string
  next: () => Exchange | undefined
}

/**
 * So many renewals, one after the other, and one before them: what a process makes once, such as a signing key, is no renewal's.
 * @returns by how many rows tables have grown; what housekeeping took from others is no credit
 */
export async function rowsLeftBy(times: number, renewing: Renewing): Promise<number> {
  await renew(1, renewing)
  const before = await rowsIn(renewing.databaseUrl)
  await renew(times, renewing)
  const after = await rowsIn(renewing.databaseUrl)
  return [...after].reduce((sum, [table, rows]) => sum + Math.max(0, rows - (before.get(table) ?? 0)), 0)
}

async function renew(times: number, { url, next }: Renewing): Promise<void> {
  let asked = 0
  const few = () => {
    asked += 1
    return asked > times ? undefined : next()
  }
  const { latencies, refused } = await load({ url, connections: 1, durationMs: timeoutMs, next: few })
  if (latencies.length !== times || Object.keys(refused).length > 0) {
    throw new Error(`${latencies.length} of ${times} renewals were answered, refused: ${JSON.stringify(refused)}`)
  }
}

async function rowsIn(databaseUrl: string): Promise<Map<string, number>> {
  const tables = await onServer(
    databaseUrl,
    `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables`,
  )
  const counts = tables.rows.map(
    ({ name }) => `SELECT '${name.replaceAll("'", "''")}' AS name, count(*)::int AS rows FROM ${name}`,
  )
  const { rows } = await onServer(databaseUrl, counts.join(' UNION ALL '))
  return new Map(rows.map(({ name, rows }) => [name, rows]))
}
