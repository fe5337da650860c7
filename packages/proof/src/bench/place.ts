/** Where the benchmark runs: a PostgreSQL of its own that keeps what it commits, auth replicas, people and their sessions. */
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { accessTokenType } from '@gatehouse/contract'
import { thumbprint } from '@gatehouse/guard'
import { startPostgres } from '@gatehouse/testkit'
import pg from 'pg'
import { type Service, type System, startSystem } from '../system.ts'
import { refreshTokenWriter } from './authModules.ts'

export interface Session {
  id: string
  accountId: string
  refreshToken: string
  accessToken: string
}

export interface Place {
  system: System
  publicKey: string
  postgresVersion: string
  /** The first replica. */
  auth: () => Promise<Service>
  addAuth: (env?: Record<string, string>) => Promise<Service>
  /** So many new sessions in the table. */
  grow: (count: number) => Promise<Range>
  /** New sessions that nobody has used yet, with their tokens. */
  sessions: (count: number) => Promise<Session[]>
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  close: () => Promise<void>
}

/** Sessions are numbered; these, the last one excluded. */
export interface Range {
  from: number
  to: number
}

/** As many as the service takes by default. */
export const poolSize = 16
/** Many sessions share an account, as devices do. */
const sessionsEach = 10
const lifetimeSeconds = 3600

export async function openPlace(): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_wal_size: '4GB' }
  const postgres = await startPostgres({
    dataDir,
    persistent: false,
    settings: { ...settings, autovacuum_naptime: '1min' },
  })
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
  pool.on('error', () => undefined)
  const query: Place['query'] = async (text, values = []) => (await pool.query(text, values)).rows

  const system = await startSystem({ databaseUrl: postgres.url, auths: 0, resources: 0 })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ring = `1:${randomBytes(32).toString('hex')}`
  const env = {
    SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    REFRESH_KEYS: ring,
    DATABASE_POOL: String(poolSize),
    ACCESS_TOKEN_SECONDS: String(lifetimeSeconds),
    ADMIN_CALLS: '1000000',
    LOG_LEVEL: 'info',
  }
  const addAuth: Place['addAuth'] = more => system.addAuth({ env: { ...env, ...more } })
  let first: Promise<Service> | undefined
  const auth = () => {
    first ??= system.addAuth({ port: Number(new URL(system.issuer).port), env })
    return first
  }

  let size = 0
  const grow = async (count: number) => {
    const range = { from: size, to: size + count }
    size = range.to
    for (const statement of seeding) await query(statement, [range.from, range.to - 1])
    await query('ANALYZE accounts, sessions, refresh_tokens')
    return range
  }

  const [{ version = '', everyoneEpoch = 0 } = {}] = await query<{ version: string; everyoneEpoch: number }>(
    `SELECT current_setting('server_version') AS version, everyone_epoch AS "everyoneEpoch" FROM revocation_clock`,
  )
  const kid = thumbprint(publicKey)
  const writeRefreshToken = await refreshTokenWriter(ring)
  const accessTokenOf = (sid: string, sub: string) => {
    const iat = Math.floor(systemClock.wallMs() / 1000)
    const header = { alg: 'ES256', typ: accessTokenType, kid }
    const about = { iss: system.issuer, aud: 'gatehouse', client_id: 'first-party', scope: 'storage:restricted' }
    const times = { iat, exp: iat + lifetimeSeconds, auth_time: iat, epoch: 0, everyone_epoch: everyoneEpoch }
    const input = [header, { ...about, ...times, sub, sid, jti: randomUUID(), roles: ['user'] }].map(encoded).join('.')
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }
  const sessionOf = (number: number): Session => {
    const id = uuidOf(`session${number}`)
    const accountId = uuidOf(`account${Math.floor(number / sessionsEach)}`)
    const secret = createHash('sha256').update(`secret${number}`).digest()
    const refreshToken = writeRefreshToken({ sessionId: id, generation: 0, secret })
    return { id, accountId, refreshToken, accessToken: accessTokenOf(id, accountId) }
  }

  return {
    system,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    postgresVersion: version,
    auth,
    addAuth,
    grow,
    query,
    sessions: async count => {
      const { from } = await grow(count)
      return Array.from({ length: count }, (_nothing, at) => sessionOf(from + at))
    },
    close: async () => {
      await system.stop()
      await pool.end()
      await postgres.stop()
    },
  }
}

/** Everything about a session follows from its number, here as in `sessionOf`, so that millions can be made at once. */
const seeding = [
  `INSERT INTO accounts (id, email, email_key, password_hash, roles, scopes)
   SELECT md5('account' || n)::uuid, n || '@example.org', n || '@example.org', 'none', '{user}', '{storage:restricted}'
     FROM generate_series($1::int / ${sessionsEach}, $2::int / ${sessionsEach}) AS n ON CONFLICT DO NOTHING`,
  `INSERT INTO sessions (id, account_id, client_id, remember, everyone_epoch, created_at, expires_at)
   SELECT md5('session' || n)::uuid, md5('account' || n / ${sessionsEach})::uuid, 'first-party', true, clock.everyone_epoch,
          now(), now() + interval '90 days'
     FROM generate_series($1::int, $2::int) AS n, revocation_clock AS clock`,
  `INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at)
   SELECT md5('session' || n)::uuid, 0, sha256(sha256(('secret' || n)::bytea)), now() + interval '30 days'
     FROM generate_series($1::int, $2::int) AS n`,
]

function uuidOf(text: string): string {
  const hex = createHash('md5').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
