/** Connections that a firewall has dropped without a word: requests are answered, and the service recovers and stops. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { freshDatabase, pgProxy, startProcess, until } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { assertReady } from '../../src/database/readiness.ts'
import { startReplica } from '../helpers/replicas.ts'
import { environmentFor, renew, startService } from '../helpers/service.ts'

t.test('silent connections: every request is answered, and new connections replace the silent ones', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const { accessToken: token, refreshToken } = await service.login(ada)
  const proxy = await pgProxy(t, service.database.url)
  const limits = { DATABASE_TIMEOUT_MS: '2000', DATABASE_POOL: '8' }
  const { call, close } = await startReplica(t, service, { DATABASE_URL: proxy.url, ...limits })
  const all = () => [
    call('/me', { token }),
    call('/sessions', { token }),
    call('/sessions?others=true', { method: 'DELETE', token }),
    renew({ call }, refreshToken),
    call('/readyz'),
  ]
  t.same([...new Set((await Promise.all(all())).map(({ status }) => status))], [200])

  proxy.silence()
  for (const { status } of await Promise.all(all())) t.ok([200, 503].includes(status), `status ${status}`)
  await until(async () => {
    const statuses = (await Promise.all(all())).map(({ status }) => status)
    return statuses.every(status => status === 200)
  }, 'the service works again')

  const listeners = async () => {
    const rows = await service.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'gatehouse-listen'`,
    )
    return rows[0].count
  }
  // The silent connection stays open at PostgreSQL, beside those of the two replicas.
  await until(async () => (await listeners()) === 3, 'the listener has reconnected')
  proxy.silence()
  await close()
})

t.test('readiness: fails when notifications have not been received for ten seconds', async t => {
  const { url } = await freshDatabase(t.teardown)
  const database = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(database.close)
  await assertReady({ db: database.prisma, outageMs: () => 10_000 })
  await t.rejects(assertReady({ db: database.prisma, outageMs: () => 10_001 }), { code: 'unavailable' })
})

t.test('silent connections: closing the database cuts a connection in its handshake at once', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const url = `postgresql://a:b@127.0.0.1:${port}/c`
  const database = openDatabase({ url, connections: 1, timeoutMs: 3_600_000, onError: () => undefined })
  const accepted = once(server, 'connection')
  const query = t.rejects(database.pool.query('SELECT'))
  await accepted
  await database.close()
  await query
})

t.test('silent connections: SIGTERM ends the process', async t => {
  const { url } = await freshDatabase(t.teardown)
  const proxy = await pgProxy(t, url)
  const entry = fileURLToPath(new URL('../../src/main.js', import.meta.url))
  const env = { ...environmentFor(proxy.url), HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', DRAIN_MS: '0' }
  const service = await startProcess({ entry, env, readyWhen: /"msg":"listening"/ })
  t.teardown(() => service.kill())
  proxy.silence()
  t.equal(await service.stop(), 0, 'the exit code of a process that was not killed')
})
