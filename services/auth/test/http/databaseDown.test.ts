/** Unreachable, slow or overloaded database: 503, no session ends, and the service recovers without a restart. */
import { randomUUID } from 'node:crypto'
import { type HttpResponse, pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { holdLock } from '../helpers/locks.ts'
import { postForm } from '../helpers/oauthForms.ts'
import { startReplica } from '../helpers/replicas.ts'
import {
  assertProblem,
  logOut,
  password,
  renew,
  startService,
  type TestService,
  type TestSession,
} from '../helpers/service.ts'

/** One request of each kind that needs the database. */
function calls(
  call: TestService['call'],
  { session, email }: { session: TestSession; email: string },
  credentials: string,
) {
  const { accessToken: token, refreshToken } = session
  const guard = { guard: randomUUID(), name: 'x', version: '1' }
  const change = { currentPassword: password, newPassword: 'another long passphrase' }
  return {
    'log-in': () => call('/session', { body: { email, password } }),
    renewal: () => renew({ call }, refreshToken),
    'log-out': () => logOut({ call }, refreshToken),
    me: () => call('/me', { token }),
    'my sessions': () => call('/sessions', { token }),
    'ending a session': () => call(`/sessions/${randomUUID()}`, { method: 'DELETE', token }),
    'ending the others': () => call('/sessions?others=true', { method: 'DELETE', token }),
    'password change': () => call('/me/password', { method: 'PUT', token, body: change }),
    poll: () => call('/guards/poll', { body: guard, headers: { authorization: credentials } }),
    leave: () => call('/guards/leave', { body: { guard: guard.guard }, headers: { authorization: credentials } }),
    readiness: () => call('/readyz'),
  } satisfies Record<string, () => Promise<HttpResponse>>
}

t.test('database down: every route that needs it returns 503 with Retry-After, and recovers', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const line = await pgProxy(t, service.database.url)
  const { call } = await startReplica(t, service, { DATABASE_URL: line.url })
  const all = calls(call, { session, email: ada.email }, service.guardCredentials)
  t.equal((await all.readiness()).status, 200)
  t.equal((await all.me()).status, 200)

  line.cut()
  for (let round = 0; round < 2; round += 1) {
    for (const [name, act] of Object.entries(all)) {
      const response = await act()
      t.comment(name)
      assertProblem(t, response, 'unavailable')
      t.same(response.headers.getSetCookie(), [], 'the cookie is not cleared')
    }
    t.equal((await call('/livez')).status, 200)
    t.equal((await call('/.well-known/jwks.json')).status, 200)
  }
  assertProblem(t, await call('/me'), 'token-missing')

  line.mend()
  t.equal((await all.readiness()).status, 200)
  t.equal((await all.me()).status, 200)
  t.equal((await all.renewal()).status, 200)
  t.equal((await all['log-in']()).status, 201)
})

t.test('database down: a connection that breaks in a statement is 503, and the renewal can be repeated', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  const line = await pgProxy(t, service.database.url)
  const { call } = await startReplica(t, service, { DATABASE_URL: line.url })
  const row = await holdLock(t, service, 'SELECT * FROM refresh_tokens WHERE session_id = $1 FOR UPDATE', [sessionId])
  const renewed = renew({ call }, refreshToken)
  await until(() => line.statements() > 0, 'the statement is under way')
  line.cut()
  assertProblem(t, await renewed, 'unavailable')
  await row.release()
  line.mend()
  t.equal((await renew({ call }, refreshToken)).status, 200)
})

t.test('database down: requests on terminated connections are 503 or succeed, and the next one succeeds', async t => {
  const service = await startService(t)
  const { accessToken: token } = await service.login(await service.createUser())
  t.equal((await service.call('/me', { token })).status, 200)
  await service.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'gatehouse%'`,
  )
  const responses = await Promise.all(Array.from({ length: 8 }, () => service.call('/me', { token })))
  for (const response of responses) if (response.status !== 200) assertProblem(t, response, 'unavailable')
  t.equal((await service.call('/me', { token })).status, 200)
})

t.test('database down: a slow statement and an exhausted pool are 503 within the time-out', async t => {
  const service = await startService(t, { DATABASE_TIMEOUT_MS: '300', DATABASE_POOL: '2' })
  const { refreshToken, sessionId, accessToken: token } = await service.login(await service.createUser())
  const row = await holdLock(t, service, 'SELECT * FROM refresh_tokens WHERE session_id = $1 FOR UPDATE', [sessionId])
  const renewals = Array.from({ length: 6 }, () => renew(service, refreshToken))
  for (const response of await Promise.all(renewals)) assertProblem(t, response, 'unavailable')
  t.equal((await service.call('/me', { token })).status, 200)
  await row.release()
  t.equal((await renew(service, refreshToken)).status, 200)
})

t.test('database down: a read-only database is 503', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const session = await service.login(ada)
  const name = new URL(service.database.url).pathname.slice(1)
  await service.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
  const { call } = await startReplica(t, service)
  const all = calls(call, { session, email: ada.email }, service.guardCredentials)
  for (const act of [all['log-in'], all.renewal, all['log-out'], all.poll]) assertProblem(t, await act(), 'unavailable')
  t.equal((await all.me()).status, 200)
})

t.test('readyz: 503 while migrations are missing', async t => {
  const service = await startService(t)
  const { call } = await startReplica(t, service, {}, { write: () => undefined })
  t.match(await call('/readyz'), { status: 200, body: { status: 'ready', clockOffsetMs: Number } })
  const { pool } = service.database
  await pool.query('UPDATE _prisma_migrations SET rolled_back_at = now()')
  assertProblem(t, await call('/readyz'), 'unavailable')
  await pool.query('DROP TABLE _prisma_migrations')
  assertProblem(t, await call('/readyz'), 'unavailable')
  t.equal((await call('/livez')).status, 200)
})

t.test('readyz: a newer schema is served until it no longer supports this release', async t => {
  const service = await startService(t)
  const { call } = await startReplica(t, service, {}, { write: () => undefined })
  const { pool } = service.database
  await pool.query(
    `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
     VALUES ('next', '', now(), '20990101000000_next', 1)`,
  )
  t.equal((await call('/readyz')).status, 200)
  await pool.query(
    `CREATE OR REPLACE FUNCTION oldest_supported_migration() RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT '20990101000000_next' $$`,
  )
  assertProblem(t, await call('/readyz'), 'unavailable')
})

t.test('database down: a 503 of the OAuth routes is in the log with its cause', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const line = await pgProxy(t, service.database.url)
  const lines: { level: number; code?: string; err?: object }[] = []
  const log = { write: (text: string) => void lines.push(JSON.parse(text)) }
  const settings = { DATABASE_URL: line.url, LOG_LEVEL: 'info' }
  const { call } = await startReplica(t, service, settings, log)
  line.cut()
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  t.match(await postForm({ call }, '/oauth/token', form), { status: 503, body: { error: 'temporarily_unavailable' } })
  t.match(
    lines.filter(({ code }) => code === 'unavailable'),
    [{ level: 40, err: {} }],
  )
})
