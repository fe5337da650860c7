/** Brings the database to the schema that this release expects, and compares the two. */
import { join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import type { MigrationList } from '@gatehouse/schema-engine'
import { SettingsError } from '@gatehouse/settings'
import type pg from 'pg'
import { type Connections, createConnections, withConnection } from './connections.ts'
import type { Db } from './database.ts'
import { migrationNames, prismaDir, readMigrations, readSchema } from './migrations.ts'
import { type Heartbeat, whileAnswering } from './silentConnections.ts'

export interface MigrateOptions {
  /** Either a URL, */
  connectionString?: string
  /** or the connections of a pool. */
  connections?: Connections
  /** The folder of the migrations; `prisma/migrations` by default. */
  migrationsDir?: string
  heartbeat?: Heartbeat
}

const filters = { externalTables: [], externalEnums: [] }

const defaultHeartbeat: Heartbeat = { everyMs: 10_000, answerMs: 30_000 }

/** The key of our advisory lock: the engine takes its own on another connection, so the two must differ. */
const lockKey = 4283_1910_0417
const engineLockKey = 72_707_369

/** Replicas must not wait without limit for a migration that hangs: they fail, and the orchestrator restarts them. */
const lockTimeoutMs = 120_000
const lockPollMs = 100

/**
 * Applies the missing migrations and records them in `_prisma_migrations`, as `prisma migrate deploy` does.
 * Replicas may call it at the same time: the second waits for the first and finds nothing to apply. Migrations that failed or
 * were interrupted are repeated.
 * @returns the names of the migrations that this call applied
 * @throws SettingsError when the schema belongs to another application, or another process migrates for two minutes
 * @throws Error when PostgreSQL does not answer the heartbeat: a statement may run for hours, so it has no limit of its own
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { connectionString = '', heartbeat = defaultHeartbeat } = options
  const connections = options.connections ?? createConnections({ url: connectionString })
  const migrationsList = await readMigrations(options.migrationsDir ?? join(prismaDir(), 'migrations'))
  const { withSchemaEngine } = await import('@gatehouse/schema-engine')
  const ownNames = migrationsList.migrationDirectories.map(({ path }) => path)
  return withLock(connections, async client => {
    await refuseForeignMigrations(client, ownNames)
    await withdrawUnfinished(client, migrationsList)
    const url = await connections.resolveUrl()
    return whileAnswering(client, heartbeat, signal =>
      withSchemaEngine({ url, schemas: [], signal }, async engine => {
        const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters })
        return { applied: appliedMigrationNames }
      }),
    )
  })
}

/**
 * Prisma keeps the migrations of every application in a table of the same name: written to, it would mix two histories. A
 * database of Gatehouse has the first of its migrations, whichever release wrote the later ones.
 */
async function refuseForeignMigrations(client: pg.Client, [first]: readonly string[]): Promise<void> {
  const names = (await recordedMigrations(client)).map(({ name }) => name)
  if (names.length > 0 && !names.includes(first ?? ''))
    throw new SettingsError(
      'The schema holds the migrations of another application: add a schema of its own to DATABASE_URL, as ?schema=gatehouse.',
    )
}

interface RecordedMigration {
  name: string
  /** Neither applied nor withdrawn. */
  isUnfinished: boolean
}

/** Raw SQL, because Prisma's own table is not a model. */
async function recordedMigrations(client: pg.Client): Promise<RecordedMigration[]> {
  const { rows: tables } = await client.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "exists"`)
  if (tables[0].exists !== true) return []
  const { rows } = await client.query<RecordedMigration>(
    `SELECT migration_name AS name, finished_at IS NULL AND rolled_back_at IS NULL AS "isUnfinished" FROM _prisma_migrations`,
  )
  return rows
}

/**
 * Makes the engine repeat migrations that did not finish. Each is one transaction or one statement, so it left nothing but,
 * of `CREATE INDEX CONCURRENTLY`, an invalid index. Holds the engine's lock: PostgreSQL may still run the statement of a
 * process that was killed.
 */
async function withdrawUnfinished(client: pg.Client, { migrationDirectories }: MigrationList): Promise<void> {
  await takeLock(client, engineLockKey)
  const recorded = await recordedMigrations(client)
  // The folder of an older release lacks some, and only their own text names their indexes.
  const unfinished = migrationDirectories.filter(({ path }) =>
    recorded.some(({ name, isUnfinished }) => isUnfinished && name === path),
  )
  const names = unfinished.map(({ path }) => path)
  const texts = unfinished.map(({ migrationFile: { content } }) => (content.tag === 'ok' ? content.value : ''))
  const { rows: invalid } = await client.query<{ index: string }>(
    `SELECT indexrelid::regclass::text AS index FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace AND position('"' || relname || '"' IN $1) > 0`,
    [texts.join('\n')],
  )
  for (const { index } of invalid) await client.query(`DROP INDEX CONCURRENTLY ${index}`)
  if (names.length > 0)
    await client.query(
      'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND migration_name = ANY ($1)',
      [names],
    )
  await client.query('SELECT pg_advisory_unlock($1)', [engineLockKey])
}

/**
 * Compares the migrations of the folder with those that the database has applied; reads one small table.
 * @returns the names of the missing migrations
 */
export async function missingMigrations(db: Db, migrationsDir?: string): Promise<string[]> {
  const names = await migrationNames(migrationsDir ?? join(prismaDir(), 'migrations'))
  const applied = await appliedMigrations(db)
  return names.filter(name => !applied.has(name))
}

/**
 * Relies on the function that a migration replaces when it removes what earlier releases use.
 * @returns the migration that a release must have at least; undefined when this release works beside the schema
 */
export async function newerSchema(db: Db, migrationsDir?: string): Promise<string | undefined> {
  const names = await migrationNames(migrationsDir ?? join(prismaDir(), 'migrations'))
  const [row] = await db.$queryRaw<{ oldest: string }[]>`SELECT oldest_supported_migration() AS oldest`
  return row !== undefined && (names.at(-1) ?? '') < row.oldest ? row.oldest : undefined
}

/** @returns the difference between `schema.prisma` and the database as text; '' when they agree */
export async function schemaDrift({ connectionString }: { connectionString: string }): Promise<string> {
  const schema = await readSchema()
  const { withSchemaEngine } = await import('@gatehouse/schema-engine')
  return withSchemaEngine({ url: connectionString, schemas: [schema] }, async engine => {
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

/** Raw SQL, because Prisma's own table is not a model. */
async function appliedMigrations(db: Db): Promise<Set<string>> {
  const [table] = await db.$queryRaw<{ exists: boolean }[]>`
    SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "exists"`
  if (table?.exists !== true) return new Set()
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
  return new Set(rows.map(({ name }) => name))
}

function withLock<Result>(connections: Connections, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  return withConnection(connections, async client => {
    await client.query(`SET lock_timeout = ${lockTimeoutMs}`)
    await takeLock(client, lockKey)
    return work(client)
  })
}

/**
 * Until the connection ends. Asks again and again: a statement that waits for the lock has a snapshot, and
 * `CREATE INDEX CONCURRENTLY`, run by the holder of the lock, waits until no older snapshot is left.
 */
async function takeLock(client: pg.Client, key: number): Promise<void> {
  const endsAtMs = systemClock.nowMs() + lockTimeoutMs
  while (!(await isLockTaken(client, key))) {
    if (systemClock.nowMs() > endsAtMs)
      throw new SettingsError(
        'Another process has been applying migrations for two minutes: wait for its end, then repeat.',
      )
    await systemClock.sleep(lockPollMs)
  }
}

async function isLockTaken(client: pg.Client, key: number): Promise<boolean> {
  const { rows } = await client.query<{ isTaken: boolean }>('SELECT pg_try_advisory_lock($1) AS "isTaken"', [key])
  return rows[0]?.isTaken === true
}
