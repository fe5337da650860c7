/** The schema: schema.prisma agrees with the migrations, replicas may migrate at the same time, and constraints refuse bad rows. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { migrate, missingMigrations, schemaDrift } from '../../src/database/migrate.ts'
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

t.test('schema: constraints refuse rows that cannot be right', async t => {
  const { database, createUser } = await startService(t)
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
  for (const statement of statements)
    await t.rejects(database.pool.query(statement), { code: /^23/ }, statement.slice(0, 60))
})
