/** The environment of a run: a PostgreSQL server, auth replicas, accounts and sessions. */
import { type Service, type System, startSystem } from '@gatehouse/e2e'
import pg from 'pg'
import { createSessionMint, type Session, seedStatements } from './seedSessions.ts'
import { startServer } from './server.ts'

export type { Session } from './seedSessions.ts'

export interface Environment {
  system: System
  publicKey: string
  postgresVersion: string
  /** The first replica. It starts on first use. */
  auth: () => Promise<Service>
  addAuth: (env?: Record<string, string>) => Promise<Service>
  /** Adds sessions to the tables. */
  seed: (count: number) => Promise<SessionRange>
  /** Adds sessions and returns them with their unused tokens. */
  sessions: (count: number) => Promise<Session[]>
  /** Sessions of a range, as far apart as possible. */
  sample: (range: SessionRange, count: number) => Session[]
  /** Creates a service client unless it exists. @returns its id and secret, joined by a colon */
  createClient: (id: string, scope: string) => Promise<string>
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  close: () => Promise<void>
}

/** Sessions are numbered. `to` is exclusive. */
export interface SessionRange {
  from: number
  to: number
}

export interface EnvironmentOptions {
  /** An existing server. Without it a server is started, and stopped by `close`. */
  databaseUrl?: string
  /** For a server that is started; the default is that of a machine without configuration. */
  hugePages?: boolean
  /** More variables of the auth service. */
  env?: Record<string, string>
}

/** The service's default. */
export const poolSize = 16

export async function openEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const { databaseUrl, hugePages = false, env: extraEnv } = options
  const server = databaseUrl ? { url: databaseUrl, stop: async () => {} } : await startServer({ hugePages })
  const pool = new pg.Pool({ connectionString: server.url, max: 2 })
  pool.on('error', () => undefined)
  const query: Environment['query'] = async (text, values = []) => (await pool.query(text, values)).rows
  const system = await startSystem({ databaseUrl: server.url, auths: 0, resources: 0 })
  const { version, globalEpoch } = await databaseState(query)
  const mint = await createSessionMint({ issuer: system.issuer, globalEpoch })

  const env = { ...mint.env, DATABASE_POOL: String(poolSize), LOG_LEVEL: 'info', ...extraEnv }
  let firstAuth: Promise<Service> | undefined
  let sessionCount = 0
  const seed = async (count: number) => {
    const range = { from: sessionCount, to: sessionCount + count }
    sessionCount = range.to
    for (const statement of seedStatements) await query(statement, [range.from, range.to - 1])
    await query('ANALYZE accounts, sessions, refresh_tokens')
    return range
  }

  return {
    system,
    publicKey: mint.publicKey,
    postgresVersion: version,
    auth: () => {
      firstAuth ??= system.addAuth({ port: Number(new URL(system.issuer).port), env })
      return firstAuth
    },
    addAuth: more => system.addAuth({ env: { ...env, ...more } }),
    seed,
    sessions: async count => {
      const { from } = await seed(count)
      return Array.from({ length: count }, (_, index) => mint.session(from + index))
    },
    sample: ({ from, to }, count) => {
      const step = Math.floor((to - from) / count)
      return Array.from({ length: count }, (_, index) => mint.session(from + index * step))
    },
    createClient: async (id, scope) => {
      const row = `$1, $1, sha256('bench-secret'), ARRAY[$2]`
      const insert = `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES (${row}) ON CONFLICT DO NOTHING`
      await query(insert, [id, scope])
      return `${id}:bench-secret`
    },
    query,
    close: async () => {
      await system.stop()
      await pool.end()
      await server.stop()
    },
  }
}

async function databaseState(query: Environment['query']): Promise<{ version: string; globalEpoch: number }> {
  const [row] = await query<{ version: string; globalEpoch: number }>(
    `SELECT current_setting('server_version') AS version, global_epoch AS "globalEpoch" FROM revocation_clock`,
  )
  if (row === undefined) throw new Error('the database is not migrated')
  return row
}
