/** The schema: schema.prisma agrees with the migrations, replicas may migrate at the same time, and constraints refuse bad rows. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { migrate, missingMigrations, schemaDrift } from '../../src/database/migrate.ts'
import { gatehouse } from '../helpers/cli.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startService } from '../helpers/service.ts'

t.test('schema: schema.prisma and the migrations agree', async t => {
  const { url } = await freshDatabase(t.teardown)
  t.equal(await schemaDrift({ connectionString: url }), '')
})

t.test('migrate: of replicas that migrate an empty database at the same time, one applies the migrations', async t => {
  const { url } = await freshDatabase(t.teardown)
  const { prisma, close } = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(close)
  await prisma.$executeRaw`DROP SCHEMA public CASCADE`
  await prisma.$executeRaw`CREATE SCHEMA public`
  const missing = await missingMigrations(prisma)
  t.ok(missing.length > 0)
  const results = await Promise.all([1, 2, 3].map(() => migrate({ connectionString: url })))
  t.same(results.flatMap(({ applied }) => applied).sort(), missing.sort())
  t.same(await missingMigrations(prisma), [])
  t.equal(await schemaDrift({ connectionString: url }), '')
})

t.test('migrate: an index that is interrupted while it is created is created by the next call', async t => {
  const [index, name] = ['sessions_client_id_id_idx', '20261128180000_sessions_client_index']
  const { url } = await freshDatabase(t.teardown)
  const database = openDatabase({ url, connections: 2, timeoutMs: 5000, onError: () => undefined })
  t.teardown(database.close)
  const { pool } = database
  const isValid = async () =>
    (await pool.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = '${index}'::regclass`)).rows
  const begin = async () => {
    await pool.query(`DROP INDEX ${index}`)
    await pool.query('DELETE FROM _prisma_migrations WHERE migration_name = $1', [name])
    const writer = await holdLock(t, { database }, 'LOCK sessions IN ROW EXCLUSIVE MODE')
    const child = spawn(process.execPath, [gatehouse, 'migrate'], { env: { DATABASE_URL: url }, stdio: 'ignore' })
    await untilBlocked({ database }, 1)
    return { writer, child }
  }
  const migrated = async () => {
    t.strictSame((await migrate({ connectionString: url })).applied, [name])
    t.strictSame(await isValid(), [{ indisvalid: true }])
    t.same(await missingMigrations(database.prisma), [])
  }

  const { writer, child } = await begin()
  await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`)
  await once(child, 'exit')
  await writer.release()
  t.strictSame(await isValid(), [{ indisvalid: false }], 'PostgreSQL left an invalid index')
  await migrated()

  const killed = await begin()
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  const next = migrated()
  await killed.writer.release()
  await next
})

t.test('schema: constraints refuse rows that cannot be right', async t => {
  const { query, createUser } = await startService(t)
  const { id } = await createUser()
  const statements = [
    `INSERT INTO revocation_clock (id, feed_id, head, global_epoch) VALUES (2, gen_random_uuid(), 0, 0)`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'session', NULL, 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'user', '${id}', 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'nobody', '${id}', 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'session', '${id}', 'gone', now())`,
    `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at, ended_at)
     VALUES (gen_random_uuid(), '${id}', 'x', true, 0, now(), now(), now())`,
    `INSERT INTO accounts (email, email_key, password_hash) SELECT 'X', email_key, 'x' FROM accounts LIMIT 1`,
  ]
  for (const statement of statements) await t.rejects(query(statement), { code: /^23/ }, statement.slice(0, 60))
})
