/** Where the benchmark runs: a PostgreSQL, auth replicas, people and their sessions. */

import { type BuildForm, type Service, type System, startSystem } from '@gatehouse/e2e'
import pg from 'pg'
import { createMint, type Session, seeding } from './seedSessions.ts'
import { startServer } from './server.ts'

export type { Session } from './seedSessions.ts'

export interface Place {
  system: System
  publicKey: string
  postgresVersion: string
  /** The first replica. */
  auth: () => Promise<Service>
  addAuth: (env?: Record<string, string>, options?: { form?: BuildForm }) => Promise<Service>
  /** So many new sessions in the table. */
  grow: (count: number) => Promise<Range>
  /** New sessions that nobody has used yet, with their tokens. */
  sessions: (count: number) => Promise<Session[]>
  /** Sessions of a range, as far from each other as it allows. */
  among: (range: Range, count: number) => Session[]
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  close: () => Promise<void>
}

/** Sessions are numbered; these, the last one excluded. */
export interface Range {
  from: number
  to: number
}

export interface PlaceOptions {
  /** Of a server that is there already; else one is started, and stopped at the end. */
  databaseUrl?: string
  /** For a server that is started; by default it is as on a machine that nobody has set up for it. */
  hugePages?: boolean
  /** More variables of the auth service. */
  env?: Record<string, string>
}

/** As many as the service takes by default. */
export const poolSize = 16

export async function openPlace({ databaseUrl, hugePages = false, env: given }: PlaceOptions = {}): Promise<Place> {
  const server = databaseUrl ? { url: databaseUrl, stop: async () => {} } : await startServer(hugePages)
  const pool = new pg.Pool({ connectionString: server.url, max: 2 })
  pool.on('error', () => undefined)
  const query: Place['query'] = async (text, values = []) => (await pool.query(text, values)).rows
  const system = await startSystem({ databaseUrl: server.url, auths: 0, resources: 0 })
  const { version, globalEpoch } = await stateOf(query)
  const mint = await createMint({ issuer: system.issuer, globalEpoch })

  const env = { ...mint.env, DATABASE_POOL: String(poolSize), LOG_LEVEL: 'info', ...given }
  let first: Promise<Service> | undefined
  let size = 0
  const grow = async (count: number) => {
    const range = { from: size, to: size + count }
    size = range.to
    for (const statement of seeding) await query(statement, [range.from, range.to - 1])
    await query('ANALYZE accounts, sessions, refresh_tokens')
    return range
  }

  return {
    system,
    publicKey: mint.publicKey,
    postgresVersion: version,
    auth: () => {
      first ??= system.addAuth({ port: Number(new URL(system.issuer).port), env })
      return first
    },
    addAuth: (more, options) => system.addAuth({ env: { ...env, ...more }, ...options }),
    grow,
    sessions: async count => {
      const { from } = await grow(count)
      return Array.from({ length: count }, (_nothing, at) => mint.session(from + at))
    },
    among: ({ from, to }, count) => {
      const step = Math.floor((to - from) / count)
      return Array.from({ length: count }, (_nothing, at) => mint.session(from + at * step))
    },
    query,
    close: async () => {
      await system.stop()
      await pool.end()
      await server.stop()
    },
  }
}

async function stateOf(query: Place['query']): Promise<{ version: string; globalEpoch: number }> {
  const [row] = await query<{ version: string; globalEpoch: number }>(
    `SELECT current_setting('server_version') AS version, global_epoch AS "globalEpoch" FROM revocation_clock`,
  )
  if (row === undefined) throw new Error('the database was not migrated')
  return row
}
