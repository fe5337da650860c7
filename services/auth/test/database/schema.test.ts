/** The schema: Prisma's and the database's are one, migrations may be applied by several at once, and rows cannot be wrong. */
import { freshDatabase } from '@gatehouse/testkit'
import pg from 'pg'
import t from 'tap'
import { migrate, missingMigrations, schemaDrift } from '../../src/database/migrate.ts'
import { startService } from '../helpers/service.ts'

t.test('schema.prisma and what the migrations made do not drift', async t => {
  const { url } = await freshDatabase(t.teardown)
  t.equal(await schemaDrift({ connectionString: url }), '')
})

t.test('of replicas that migrate an empty database at once, one applies and the others find nothing to do', async t => {
  const { url } = await freshDatabase(t.teardown)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  const missing = await missingMigrations(client)
  t.ok(missing.length > 0)
  const results = await Promise.all([1, 2, 3].map(() => migrate({ connectionString: url })))
  t.same(results.flatMap(({ applied }) => applied).sort(), missing.sort())
  t.same(await missingMigrations(client), [])
  t.equal(await schemaDrift({ connectionString: url }), '')
})

t.test('the tables refuse what could not be', async t => {
  const { database, createUser } = await startService(t)
  const { id } = await createUser()
  const wrong = [
    `INSERT INTO revocation_clock (id, feed_id, head, global_epoch) VALUES (2, gen_random_uuid(), 0, 0)`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'session', NULL, 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'user', '${id}', 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'nobody', '${id}', 'ended', now())`,
    `INSERT INTO revocations (seq, kind, subject, effect, expires_at) VALUES (1, 'session', '${id}', 'gone', now())`,
    `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at, ended_at)
     VALUES (gen_random_uuid(), '${id}', 'x', true, 0, now(), now(), now())`,
    `INSERT INTO accounts (email, email_key, password_hash) SELECT 'X', email_key, 'x' FROM accounts LIMIT 1`,
  ]
  for (const statement of wrong)
    await t.rejects(database.pool.query(statement), { code: /^23/ }, statement.slice(0, 60))
})

t.test('what was done stays written down: the audit log refuses every change', async t => {
  const { database, call } = await startService(t)
  await call('/session', { body: { email: 'nobody@example.org', password: 'x' } })
  for (const statement of [
    `UPDATE audit_entries SET action = 'nothing'`,
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries',
  ])
    await t.rejects(database.pool.query(statement), { code: '42501' }, statement)
  const { rows } = await database.pool.query('SELECT count(*)::int AS entries FROM audit_entries')
  t.equal(rows[0].entries, 1)
})
