/** Commands of the database at a server that falls silent: each ends, and says that the database does not answer. */
import { once } from 'node:events'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { freshDatabase, onServer, pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { backup, restore } from '../../src/cli/backup.ts'
import { databaseFailureOf } from '../../src/cli/databaseFailure.ts'
import { createConnections } from '../../src/database/connections.ts'
import { migrate } from '../../src/database/migrate.ts'
import { prismaDir } from '../../src/database/migrations.ts'

const unanswered = { message: /^the database does not answer: /, code: 5 }

t.test('migrate, backup, restore: a server that accepts a connection and never answers ends them', async t => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const connections = createConnections({ url: `postgresql://user@127.0.0.1:${port}/gatehouse?connect_timeout=1` })
  const commands: Record<string, () => Promise<unknown>> = {
    migrate: () => migrate({ connections }),
    backup: () => backup(connections, process.stdout),
    restore: () => restore(connections, Readable.from([])),
  }
  for (const [name, run] of Object.entries(commands))
    await t.rejects(
      run().catch(error => Promise.reject(Object.assign(new Error(name), databaseFailureOf(error)))),
      unanswered,
      name,
    )
})

t.test('migrate: a connection that falls silent during a long statement ends it', async t => {
  const { url } = await freshDatabase(t.teardown)
  const migrationsDir = t.testdir()
  await cp(join(prismaDir(), 'migrations'), migrationsDir, { recursive: true })
  await mkdir(join(migrationsDir, '20990101000000_long'))
  await writeFile(join(migrationsDir, '20990101000000_long', 'migration.sql'), 'SELECT pg_sleep(3600)')
  const proxy = await pgProxy(t, url)
  const migrating = migrate({
    connectionString: proxy.url,
    migrationsDir,
    heartbeat: { everyMs: 100, answerMs: 500 },
  })
  const failure = migrating.then(
    () => undefined,
    error => databaseFailureOf(error),
  )
  const sleepers = `FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(3600)'`
  await until(async () => (await onServer(url, `SELECT ${sleepers}`)).rowCount === 1, 'the migration runs')
  proxy.silence()
  t.match(await failure, unanswered)
  await onServer(url, `SELECT pg_terminate_backend(pid) ${sleepers}`)
})
