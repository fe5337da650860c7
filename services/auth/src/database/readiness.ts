/** Decides whether this replica can serve requests: the database is writable, migrated, and wakes the feed. */
import { ProblemError } from '@gatehouse/contract'
import type { Db } from './database.ts'
import { missingMigrations, newerSchema } from './migrate.ts'

export interface ReadinessOptions {
  db: Db
  /** For how long notifications have not been received, in milliseconds. */
  outageMs: () => number
}

/** Several attempts of the listener to reconnect. */
const maxOutageMs = 10_000

/** @throws ProblemError `unavailable`; its message names the reason, for the log */
export async function assertReady({ db, outageMs }: ReadinessOptions): Promise<void> {
  if (await isStandby(db)) throw new ProblemError('unavailable', 'the database is a standby, which refuses writes')
  for (const { name, value } of await sessionSettings(db)) {
    if (value !== neededSettings[name])
      throw new ProblemError(
        'unavailable',
        `${name} is ${value}: ALTER ROLE ... SET ${name} = '${neededSettings[name]}'`,
      )
  }
  const missing = await missingMigrations(db)
  if (missing.length > 0) throw new ProblemError('unavailable', `migrations are missing: ${missing.join(', ')}`)
  const needed = await newerSchema(db)
  if (needed !== undefined) throw new ProblemError('unavailable', `the schema needs a release with migration ${needed}`)
  if (outageMs() > maxOutageMs) throw new ProblemError('unavailable', 'notifications are not received')
}

/**
 * A pooler accepts no start-up options, so the role must set them: the time zone that timestamps are read in, and the isolation
 * in which a transaction reads, under a lock, what committed before.
 */
const neededSettings: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  default_transaction_isolation: 'read committed',
}

async function sessionSettings(db: Db): Promise<{ name: string; value: string }[]> {
  return db.$queryRaw`
    SELECT name, current_setting(name) AS value FROM unnest(${Object.keys(neededSettings)}::text[]) AS name`
}

/** Whether PostgreSQL runs as a standby: it accepts connections and refuses every write. */
export async function isStandby(db: Db): Promise<boolean> {
  const [row] = await db.$queryRaw<{ isStandby: boolean }[]>`SELECT pg_is_in_recovery() AS "isStandby"`
  return row?.isStandby ?? false
}
