/** Runs Prisma's schema engine on a database, or on files alone, without downloading a binary. */
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { offlineAdapter } from './offlineAdapter.mjs'
import { postgresAdapter } from './postgresAdapter.mjs'
import { loadEngine } from './wasm.mjs'

/** @typedef {import('@prisma/schema-engine-wasm').SchemaEngine} SchemaEngine */
/** @typedef {import('@prisma/schema-engine-wasm').MigrationList} MigrationList */

/**
 * @typedef {object} SchemaFile
 * @property {string} path
 * @property {string} content
 */

/**
 * @typedef {object} EngineOptions
 * @property {string | undefined} url the database; undefined for work that compares files alone
 * @property {readonly SchemaFile[]} schemas the data model; empty for work that needs none
 * @property {AbortSignal} [signal] cuts the connections of the engine, so that the work fails
 */

/**
 * Lends an engine for one piece of work, and closes its connections afterwards.
 *
 * @template Result
 * @param {EngineOptions} options
 * @param {(engine: SchemaEngine) => Promise<Result>} work
 * @returns {Promise<Result>} what `work` returned
 * @throws the engine's error; its `code` is one of Prisma's, as `P3009`
 * @example
 * const { appliedMigrationNames } = await withSchemaEngine({ url, schemas: [] }, engine =>
 *   engine.applyMigrations({ migrationsList, filters: { externalTables: [], externalEnums: [] } }))
 */
export async function withSchemaEngine({ url, schemas, signal }, work) {
  const { SchemaEngine } = await loadEngine()
  const datamodels = schemas.map(({ path, content }) => /** @type {[string, string]} */ ([path, content]))
  // An open connection would keep the engine's advisory lock.
  /** @type {import('pg').Pool[]} */
  const pools = []
  signal?.addEventListener('abort', () => pools.forEach(cutConnections))
  const factory = bindMigrationAwareSqlAdapterFactory(url ? postgresAdapter(url, pools) : offlineAdapter)
  try {
    const options = { datamodels: datamodels.length > 0 ? datamodels : undefined }
    return await work(await SchemaEngine.new(options, () => {}, factory))
  } finally {
    await Promise.all(pools.map(pool => pool.ended || pool.end()))
  }
}

/**
 * The pool of a connection that PostgreSQL does not answer waits without a limit.
 * @param {import('pg').Pool} pool
 */
function cutConnections(pool) {
  // `pg-pool` keeps its connections and `pg` its socket without declaring them.
  const { _clients } = /** @type {{ _clients: { connection: { stream: import('node:net').Socket } }[] }} */ (
    /** @type {unknown} */ (pool)
  )
  for (const { connection } of _clients) connection.stream.destroy()
}
