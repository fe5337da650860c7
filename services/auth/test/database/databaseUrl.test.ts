/** `DATABASE_URL`: every parameter is honoured or refused, and the tables of another application stay untouched. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { freshDatabase, onServer } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { parseDatabaseUrl } from '../../src/database/databaseUrl.ts'
import { migrate, missingMigrations, schemaDrift } from '../../src/database/migrate.ts'
import { renew, startService } from '../helpers/service.ts'

const base = 'postgresql://user:secret@127.0.0.1:5432/gatehouse'

t.test('DATABASE_URL: parameters of Prisma are translated, and none is passed to pg', async t => {
  const parsed = parseDatabaseUrl(
    `${base}?schema=our%20own&connection_limit=3&connect_timeout=2&pool_timeout=7&sslmode=verify-full`,
  )
  t.same(parsed, {
    client: {
      connectionString: `${base}?sslmode=verify-full`,
      options: '-c TimeZone=UTC -c default_transaction_isolation=read\\ committed -c search_path="our\\ own"',
    },
    hosts: [{ host: '127.0.0.1', port: 5432 }],
    schema: 'our own',
    isPooled: false,
    namesStatements: true,
    maxConnections: 3,
    connectTimeoutMs: 2000,
  })
  t.equal(parseDatabaseUrl(`${base}?connect_timeout=0`).connectTimeoutMs, undefined, 'zero is no limit')
})

t.test('DATABASE_URL: a parameter that cannot be honoured is refused in one sentence that names it', async t => {
  const refused: Record<string, RegExp> = {
    'pgbouncer=maybe': /pgbouncer/,
    'prepared_statements=1': /prepared_statements/,
    'target_session_attrs=standby': /target_session_attrs/,
    'statement_cache_size=0': /parameter statement_cache_size/,
    'sslmode=prefer': /sslmode/,
    'connection_limit=0': /connection_limit/,
    'pool_timeout=soon': /pool_timeout/,
  }
  for (const [parameter, message] of Object.entries(refused))
    t.throws(() => parseDatabaseUrl(`${base}?${parameter}`), { message }, parameter)
})

t.test('DATABASE_URL: connection_limit bounds the pool', async t => {
  const { url } = await emptyDatabase(t)
  const options = { connections: 8, timeoutMs: 30_000, onError: () => undefined }
  const database = openDatabase({ ...options, url: `${url}?connection_limit=1` })
  t.teardown(database.close)
  const sql = 'SELECT pg_backend_pid() AS pid FROM pg_sleep(0.01)'
  const results = await Promise.all(Array.from({ length: 4 }, () => database.pool.query<{ pid: number }>(sql)))
  t.equal(new Set(results.map(({ rows }) => rows[0]?.pid)).size, 1)
})

t.test('DATABASE_URL: connect_timeout ends the wait for a server that does not answer', async t => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as { port: number }
  const url = `postgresql://user@127.0.0.1:${port}/gatehouse?connect_timeout=1`
  const database = openDatabase({ url, connections: 1, timeoutMs: 600_000, onError: () => undefined })
  t.teardown(database.close)
  await t.rejects(database.pool.query('SELECT 1'), { message: /timeout/ })
})

t.test('DATABASE_URL: several hosts and a pooler are read', async t => {
  const { hosts, client } = parseDatabaseUrl(
    'postgresql://user:secret@one:5433,[::1]:5434,three/gatehouse?target_session_attrs=read-write',
  )
  t.same(hosts, [
    { host: 'one', port: 5433 },
    { host: '::1', port: 5434 },
    { host: 'three', port: 5432 },
  ])
  t.equal(client.connectionString, 'postgresql://user:secret@one:5433/gatehouse')
  t.throws(() => parseDatabaseUrl('postgresql://user:se/cret@one/gatehouse'), { message: /percent-encoded/ })
  const pooled = parseDatabaseUrl(`${base}?pgbouncer=true`)
  t.same(pooled.client, { connectionString: base }, 'a pooler refuses start-up options')
  t.match(pooled, { isPooled: true, namesStatements: false })
  t.ok(parseDatabaseUrl(`${base}?pgbouncer=true&prepared_statements=true`).namesStatements)
})

t.test('DATABASE_URL: with a schema, the tables and the service use that schema only', async t => {
  const { url } = await emptyDatabase(t)
  const own = new URL(url)
  own.searchParams.set('schema', 'our own')
  t.equal((await migrate({ connectionString: own.href })).applied.length > 0, true)
  t.equal(await schemaDrift({ connectionString: own.href }), '')
  t.same(await tablesInPublic(url), [])
  const service = await startService(t, { DATABASE_URL: own.href })
  const ada = await service.createUser({ roles: ['admin'] })
  const { accessToken: token, refreshToken } = await service.login(ada)
  t.equal((await renew(service, refreshToken)).status, 200)
  t.equal((await service.call('/admin/users', { token })).status, 200)
  t.equal((await service.call('/session', { body: { email: ada.email, password: 'wrong' } })).status, 401)
  t.equal((await service.call('/readyz')).status, 200)
  t.same(await tablesInPublic(url), [])
})

t.test('migrate: the migrations of another application are refused and not written to', async t => {
  const { url, query } = await emptyDatabase(t)
  await query(
    'CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz)',
  )
  await query(`INSERT INTO _prisma_migrations VALUES ('20200101000000_shop', now(), NULL)`)
  await t.rejects(migrate({ connectionString: url }), { message: /another application/ })
  t.same(await tablesInPublic(url), ['_prisma_migrations'])
  t.equal((await query('SELECT FROM _prisma_migrations')).length, 1)
  const database = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.ok((await missingMigrations(database.prisma)).length > 0)
  await database.close()
})

async function emptyDatabase(t: { teardown: (end: () => unknown) => unknown }) {
  const { url } = await freshDatabase(t.teardown)
  const query = async (sql: string) => (await onServer(url, sql)).rows
  await query('DROP SCHEMA public CASCADE')
  await query('CREATE SCHEMA public')
  return { url, query }
}

async function tablesInPublic(url: string): Promise<string[]> {
  const sql = `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`
  return (await onServer(url, sql)).rows.map(({ name }) => name)
}
