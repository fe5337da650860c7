/** Prisma's driver adapter for `pg`, with the three differences that the schema engine needs. */
import { PrismaPg } from '@prisma/adapter-pg'
import { DriverAdapterError } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { connectionOptions, schemaOf, withClient } from './client.mjs'

/** @typedef {import('@prisma/driver-adapter-utils').SqlDriverAdapter} SqlDriverAdapter */

/** PostgreSQL's object identifiers of the one-byte type `"char"` and of `text`. */
const [charOid, textOid] = [18, 25]

/** `Character` in the numbering of driver adapters. */
const character = 6

/**
 * @param {string} url
 * @param {pg.Pool[]} pools receives every pool that is opened: the engine never closes what it opened
 * @returns {import('@prisma/driver-adapter-utils').SqlMigrationAwareDriverAdapterFactory}
 */
export function postgresAdapter(url, pools) {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(url, { pools, onDispose: async () => {} }),
    connectToShadowDb: () => connectToShadow(url, pools),
  }
}

/**
 * @param {string} url
 * @param {{ pools: pg.Pool[], onDispose: () => Promise<void> }} options
 * @returns {Promise<SqlDriverAdapter>}
 */
async function connect(url, { pools, onDispose }) {
  // One connection, because the engine's advisory lock belongs to the connection that took it.
  const pool = new pg.Pool({ ...connectionOptions(url), max: 1 }).on('error', () => {})
  pools.push(pool)
  const adapter = await readingCharAsText(pool, schemaOf(url))
  return Object.assign(adapter, {
    // The adapter's own method splits the script at every semicolon, which breaks function bodies, and runs the parts
    // outside a transaction.
    executeScript: (/** @type {string} */ script) => runScript(pool, script),
    async dispose() {
      await pool.end()
      await onDispose()
    },
  })
}

/**
 * Prisma's shadow database: created empty on the same server, dropped afterwards.
 * @param {string} url
 * @param {pg.Pool[]} pools
 */
async function connectToShadow(url, pools) {
  const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
  await withClient(url, client => client.query(`CREATE DATABASE "${name}"`))
  const shadow = new URL(url)
  shadow.pathname = name
  const onDispose = async () => {
    await withClient(url, client => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`))
  }
  return connect(shadow.href, { pools, onDispose })
}

/**
 * @param {pg.Pool} pool
 * @param {string} script
 */
async function runScript(pool, script) {
  try {
    await pool.query(script)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const { code = 'XX000', severity = 'ERROR', message, detail, column, hint } = error
    throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint })
  }
}

/**
 * The engine reads the kinds of constraints as `"char"`, which the adapter refuses: it receives `text`, and the type of the
 * column is corrected afterwards.
 * @param {pg.Pool} pool
 * @param {string} schema
 * @returns {Promise<SqlDriverAdapter>}
 */
async function readingCharAsText(pool, schema) {
  /** @type {WeakMap<object, ReadonlySet<number>>} */
  const charColumns = new WeakMap()
  const adapter = await new PrismaPg(withCharAsText(pool, charColumns), { schema }).connect()
  const queryRaw = adapter.queryRaw.bind(adapter)
  return Object.assign(adapter, {
    async queryRaw(/** @type {import('@prisma/driver-adapter-utils').SqlQuery} */ query) {
      const result = await queryRaw(query)
      const chars = charColumns.get(result.rows)
      const columnTypes = result.columnTypes.map((type, index) => (chars?.has(index) ? character : type))
      return { ...result, columnTypes }
    },
  })
}

/**
 * @param {pg.Pool} pool
 * @param {WeakMap<object, ReadonlySet<number>>} charColumns receives the indexes of the changed columns, by result
 * @returns {pg.Pool}
 */
function withCharAsText(pool, charColumns) {
  const query = /** @type {(query: unknown) => Promise<pg.QueryResult>} */ (pool.query.bind(pool))
  return Object.assign(pool, {
    async query(/** @type {unknown} */ input) {
      const result = await query(input)
      const chars = new Set()
      for (const [index, field] of (result.fields ?? []).entries()) {
        if (field.dataTypeID !== charOid) continue
        field.dataTypeID = textOid
        chars.add(index)
      }
      if (chars.size > 0) charColumns.set(result.rows, chars)
      return result
    },
  })
}
