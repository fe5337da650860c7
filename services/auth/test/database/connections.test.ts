/** Connections as operators make them: through PgBouncer, without LISTEN, with TLS and with a password that changes. */
import { execFileSync } from 'node:child_process'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate, freshDatabase, onServer, startPostgres, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { testGuard } from '../helpers/feedGuard.ts'
import { isPgBouncerInstalled, keepsPreparedStatements, startPgBouncer } from '../helpers/pgBouncer.ts'
import { renew, startService, type TestService, type TestSession } from '../helpers/service.ts'

const skip = isPgBouncerInstalled ? false : 'SKIPPED: pgbouncer is not installed (apt-get install pgbouncer)'
if (skip) console.error(`# ${skip}`)
const skipPrepared = keepsPreparedStatements ? false : 'SKIPPED: pgbouncer 1.21 or newer is not installed'
if (skipPrepared) console.error(`# ${skipPrepared}`)

async function useSetting(url: string, setting: string): Promise<string> {
  await onServer(url, `ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET ${setting}`)
  return url
}

/** What operators set for a pooler, which accepts no start-up options. */
const useUtc = (url: string) => useSetting(url, `timezone = 'UTC'`)

/** Logs in, renews, and revokes while a guard's poll is held. */
async function useService(t: Test, service: TestService): Promise<void> {
  const ada = await service.createUser()
  const { sessionId, accessToken, refreshToken } = await service.login(ada)
  const renewed = await renew(service, refreshToken)
  t.equal(renewed.status, 200)
  t.equal((await service.call('/readyz')).status, 200)
  const guard = testGuard(service)
  const cursor = await guard.start()
  const held = guard.pollAccepted(cursor).then(page => guard.poll({ feedId: page.feedId, after: page.head }))
  const ended = await service.call(`/sessions/${sessionId}`, { method: 'DELETE', token: accessToken })
  t.match(ended.body, { inForce: true, sessionsEnded: 1 })
  const { waitedMs } = ended.body as { waitedMs: number }
  t.ok(waitedMs < 4000, `in force after ${waitedMs} ms, before the end of a hold`)
  const { refreshToken: next } = renewed.body as TestSession
  t.equal((await renew(service, next)).status, 401)
  const headers = { authorization: service.guardCredentials }
  await service.call('/guards/leave', { body: { guard: guard.id }, headers })
  await held
}

t.test('PgBouncer in transaction mode: the service works, with LISTEN on a direct connection', { skip }, async t => {
  const { url } = await freshDatabase(t.teardown)
  const pooled = await startPgBouncer(t, await useUtc(url))
  await useService(t, await startService(t, { DATABASE_URL: pooled, DATABASE_DIRECT_URL: url }))
})

t.test('PgBouncer in transaction mode: the service works with WAKE=poll and no direct URL', { skip }, async t => {
  const { url } = await freshDatabase(t.teardown)
  const pooled = await startPgBouncer(t, await useUtc(url))
  await useService(t, await startService(t, { DATABASE_URL: pooled, WAKE: 'poll' }))
})

t.test('PgBouncer with prepared_statements=true: named statements are shared', { skip: skipPrepared }, async t => {
  const { url } = await freshDatabase(t.teardown)
  const pooled = `${await startPgBouncer(t, await useUtc(url))}&prepared_statements=true`
  const service = await startService(t, { DATABASE_URL: pooled, DATABASE_DIRECT_URL: url })
  await useService(t, service)
  const rows = await service.query('SELECT count(*)::int AS count FROM pg_prepared_statements')
  t.ok(rows[0].count > 0, `${rows[0].count} statements are prepared`)
})

for (const setting of [`timezone = 'Asia/Tokyo'`, `default_transaction_isolation = 'serializable'`])
  t.test(`PgBouncer: a session with ${setting} is not ready`, { skip }, async t => {
    const { url } = await freshDatabase(t.teardown)
    await useSetting(await useUtc(url), setting)
    const service = await startService(t, { DATABASE_URL: await startPgBouncer(t, url), DATABASE_DIRECT_URL: url })
    t.equal((await service.call('/readyz')).status, 503)
  })

t.test('idle_session_timeout: connections that PostgreSQL ends are replaced, that of LISTEN too', async t => {
  const { url } = await freshDatabase(t.teardown)
  await useSetting(url, `idle_session_timeout = '1s'`)
  const service = await startService(t, { DATABASE_URL: url })
  const listeners = new Set<number>()
  await until(async () => {
    const listening = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse-listen'`
    for (const { pid } of (await onServer(url, listening)).rows) listeners.add(pid)
    return listeners.size > 1
  }, 'the listener has reconnected')
  await useService(t, service)
})

t.test('DATABASE_PASSWORD_COMMAND: a new connection uses the password that the command prints then', async t => {
  const { url } = await freshDatabase(t.teardown)
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-password-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const file = join(dir, 'password')
  const withoutPassword = new URL(url)
  const { password } = withoutPassword
  withoutPassword.password = ''
  await writeFile(file, 'wrong\n')
  const limits = { connections: 1, timeoutMs: 5000, onError: () => undefined }
  const database = openDatabase({ ...limits, url: withoutPassword.href, passwordCommand: `cat '${file}'` })
  t.teardown(database.close)
  await t.rejects(database.pool.query('SELECT 1'), { code: '28P01' })
  await writeFile(file, `${password}\n`)
  t.equal((await database.pool.query('SELECT 1 AS one')).rows[0]?.one, 1, 'a refused password is not kept')
})

t.test('TLS: verify-full accepts the CA of the server and refuses another', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'))
  t.teardown(() => rm(dir, { recursive: true }))
  execFileSync('chmod', ['755', dir])
  const { key, crt } = createCertificate(dir, 'DNS:localhost', 'server')
  createCertificate(dir, 'DNS:localhost', 'other')
  if (process.getuid?.() === 0) {
    const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))
    await chown(key, uid, -1)
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-tls-data-'))
  const settings = { ssl: 'on', ssl_cert_file: crt, ssl_key_file: key }
  const server = await startPostgres({ dataDir, persistent: false, settings })
  t.teardown(server.stop)
  const url = server.url.replace('127.0.0.1', 'localhost')
  const versionWith = async (ca: string) => {
    const target = `${url}?sslmode=verify-full&sslrootcert=${join(dir, ca)}`
    const database = openDatabase({ url: target, connections: 1, timeoutMs: 5000, onError: () => undefined })
    try {
      const sql = 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
      return (await database.pool.query(sql)).rows[0]?.version
    } finally {
      await database.close()
    }
  }
  t.match(await versionWith('server.crt'), /^TLSv1/)
  await t.rejects(versionWith('other.crt'), /self-signed|certificate/)
})
