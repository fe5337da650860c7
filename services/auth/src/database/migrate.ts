/** Brings the database to the schema that this release expects. */
import { join } from 'node:path'
import { ProblemError } from '@gatehouse/contract'
import pg from 'pg'
import { migrationNames, prismaDir, readMigrations, readSchema } from './migrations.ts'
import { withClient, withSchemaEngine } from './schemaEngine.ts'

export interface MigrateOptions {
  connectionString: string
  /** Where the migrations lie; the repository's `prisma/migrations` if not given. */
  migrationsDir?: string
}

const filters = { externalTables: [], externalEnums: [] }

/** Ours alone: the engine takes 72707369 on another connection, so the two must differ. */
const lockKey = 4283_1910_0417

/**
 * Applies what is missing, recorded in `_prisma_migrations` as by `prisma migrate deploy`.
 * Two replicas may call it at once: the second waits, then finds nothing to do.
 */
export async function migrate({ connectionString, migrationsDir }: MigrateOptions): Promise<{ applied: string[] }> {
  const migrationsList = await readMigrations(migrationsDir ?? join(prismaDir(), 'migrations'))
  return withLock(connectionString, () =>
    withSchemaEngine(connectionString, [], async engine => {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters })
      return { applied: appliedMigrationNames }
    }),
  )
}

/** The migrations in the folder that this database does not have, for readiness: one indexless read of a tiny table. */
export async function missingMigrations(database: Queryable, migrationsDir?: string): Promise<string[]> {
  const names = await migrationNames(migrationsDir ?? join(prismaDir(), 'migrations'))
  const applied = await appliedMigrations(database)
  return names.filter(name => !applied.has(name))
}

/** @throws Refusal `unavailable`, naming the missing migrations in the log */
export async function assertMigrated(pool: pg.Pool): Promise<void> {
  const missing = await missingMigrations(pool)
  if (missing.length > 0) throw new ProblemError('unavailable', `migrations are missing: ${missing.join(', ')}`)
}

/** What `schema.prisma` says and the database does not, or the other way round, as text; '' when they agree. */
export async function schemaDrift({ connectionString }: { connectionString: string }): Promise<string> {
  const schema = await readSchema()
  return withSchemaEngine(connectionString, [schema], async engine => {
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files: [schema], configDir: prismaDir() },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: false,
      exitCode: true,
      filters,
    })
    return exitCode === 0 ? '' : (stdout ?? 'The schema and the database differ.')
  })
}

/** A `pg` client or pool. */
export interface Queryable {
  query(sql: string): Promise<{ rows: { migration_name?: unknown }[] }>
}

async function appliedMigrations(database: Queryable): Promise<Set<unknown>> {
  try {
    const { rows } = await database.query(
      'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    )
    return new Set(rows.map(row => row.migration_name))
  } catch (error) {
    const isUndefinedTable = error instanceof pg.DatabaseError && error.code === '42P01'
    if (isUndefinedTable) return new Set()
    throw error
  }
}

function withLock<T>(connectionString: string, act: () => Promise<T>): Promise<T> {
  return withClient(connectionString, async client => {
    // A crowd of replicas must not wait for ever behind a migration that hangs: better to fail and be started anew.
    await client.query("SET lock_timeout = '2min'")
    await client.query('SELECT pg_advisory_lock($1)', [lockKey])
    return act()
  })
}
