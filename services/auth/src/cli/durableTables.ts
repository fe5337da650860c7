/** Which tables a backup holds: those whose rows mean something after a restore. */
import type pg from 'pg'

/**
 * A restore ends every session and starts a new feed, so sessions, devices that wait for one, leases,
 * counters and the entries of the feed are left out, with every table that refers to them.
 */
const transient = [
  '_prisma_migrations',
  'database_heartbeat',
  'sessions',
  'refresh_tokens',
  'guards',
  'revocations',
  'rate_limits',
  'creations',
  'device_authorizations',
]

interface TableRow {
  name: string
  references: string[]
}

/** @returns the names, each after the tables that it refers to */
export async function durableTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<TableRow>(`
    SELECT c.relname AS name, coalesce(array_agg(f.relname::text) FILTER (WHERE f.relname <> c.relname), '{}') AS references
      FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
      LEFT JOIN pg_class f ON f.oid = k.confrelid
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
     GROUP BY c.relname ORDER BY c.relname`)
  const referencesOf = new Map(rows.map(({ name, references }) => [name, references]))
  const isTransient = (name: string): boolean =>
    transient.includes(name) || (referencesOf.get(name) ?? []).some(isTransient)
  const ordered = new Set<string>()
  const add = (name: string) => {
    for (const referenced of referencesOf.get(name) ?? []) add(referenced)
    ordered.add(name)
  }
  for (const name of [...referencesOf.keys()].filter(table => !isTransient(table))) add(name)
  return [...ordered]
}
