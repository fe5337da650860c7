/** Whether the database is there and has the schema that this release expects. */
import { ProblemError } from '@gatehouse/contract'
import type pg from 'pg'
import { missingMigrations } from './migrate.ts'

/** @throws Refusal `unavailable`, naming the missing migrations in the log */
export async function assertMigrated(pool: pg.Pool): Promise<void> {
  const missing = await missingMigrations(pool)
  if (missing.length > 0) throw new ProblemError('unavailable', `migrations are missing: ${missing.join(', ')}`)
}
