/** Prisma's own schema engine, run as WebAssembly over the `pg` driver, so that nothing is downloaded. */
import { readFile } from 'node:fs/promises'
import {
  bindMigrationAwareSqlAdapterFactory,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { offlineAdapter } from './offlineAdapter.ts'
import { schemaEngineAdapter } from './schemaEngineAdapter.ts'

export interface SchemaFile {
  path: string
  content: string
}

/**
 * Lends an engine that works on one database, or on files alone.
 * @param database its connection string; undefined for work that needs none
 * @param schemas what `schema.prisma` says; empty when the work needs no data model
 * @param act what to do with it; its connections are closed afterwards
 */
export async function withSchemaEngine<T>(
  database: string | undefined,
  schemas: readonly SchemaFile[],
  act: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const { SchemaEngine: Engine } = await bindingsOnce()
  const datamodels = schemas.map(({ path, content }): [string, string] => [path, content])
  // The engine never closes what it opened, and its advisory lock would live on.
  const pools: pg.Pool[] = []
  const factory = bindMigrationAwareSqlAdapterFactory(database ? postgresFor(database, pools) : offlineAdapter)
  try {
    const engine = await Engine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, ignore, factory)
    return await act(engine)
  } finally {
    await Promise.all(pools.map(pool => pool.ended || pool.end()))
  }
}

/** A connection of its own, for one piece of work. */
export async function withClient<T>(connectionString: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  // A connection that is lost while it idles is reported by the next query; without a listener it would end the process.
  client.on('error', ignore)
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}

type Bindings = typeof import('@prisma/schema-engine-wasm')

/** Once for the process: the package keeps its instance in a module, and a second one would pull it from under the first. */
const loading: { bindings?: Promise<Bindings> } = {}

/** TypeScript declares it only for browsers. */
declare const WebAssembly: {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>
}

function bindingsOnce(): Promise<Bindings> {
  loading.bindings ??= loadBindings()
  return loading.bindings
}

async function loadBindings(): Promise<Bindings> {
  // Where the engine leaves its last words; without it a panic would only say that this is missing.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: panicked } })
  const entry = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const wasm = await readFile(new URL('schema_engine_bg.wasm', entry))
  // The bindings are both what the module imports and what wraps its exports: wasm-bindgen's layout for bundlers.
  const imports = { ...(bindings as unknown as Bindings), ...patientTimer() }
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': imports })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start']
  if (typeof start === 'function') start()
  return imports
}

function postgresFor(connectionString: string, pools: pg.Pool[]): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connectTo(connectionString, pools, ignore),
    connectToShadowDb: () => connectToShadow(connectionString, pools),
  }
}

async function connectTo(
  connectionString: string,
  pools: pg.Pool[],
  afterwards: () => Promise<void> | void,
): Promise<SqlDriverAdapter> {
  // One connection, because the engine's advisory lock belongs to the connection that took it.
  const pool = new pg.Pool({ connectionString, max: 1 }).on('error', ignore)
  pools.push(pool)
  const adapter = await schemaEngineAdapter(pool)
  return Object.assign(adapter, {
    // The adapter's own splits the script at every semicolon, which breaks function bodies, and runs the pieces outside a transaction.
    executeScript: (script: string) => runScript(pool, script),
    async dispose() {
      await pool.end()
      await afterwards()
    },
  })
}

async function connectToShadow(connectionString: string, pools: pg.Pool[]): Promise<SqlDriverAdapter> {
  const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
  await withClient(connectionString, client => client.query(`CREATE DATABASE "${name}"`))
  const url = new URL(connectionString)
  url.pathname = name
  return connectTo(url.href, pools, async () => {
    await withClient(connectionString, client => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`))
  })
}

async function runScript(pool: pg.Pool, script: string): Promise<void> {
  try {
    await pool.query(script)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const { code = 'XX000', severity = 'ERROR', message, detail, column, hint } = error
    throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint })
  }
}

/** The engine guards its lock by a timer of ten seconds that it never clears: it must not hold up the end of the process. */
function patientTimer(): Record<string, unknown> {
  const name = Object.keys(bindings).find(key => key.startsWith('__wbg_setTimeout_'))
  return name ? { [name]: (act: () => void, ms: number) => setTimeout(act, ms).unref() } : {}
}

function panicked(message: string): never {
  throw new Error(`Prisma's schema engine panicked: ${message}`)
}

function ignore(): void {}
