/** Housekeeping reads by index: a table with millions of rows that are not due costs it nothing. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { maintainAuditPartitions, sweep } from '../../src/housekeeping/sweep.ts'

/** Of ten rows, one is due. Small tables are scanned by any plan. */
const rows = 10_000
const due = `CASE WHEN n % 10 = 0 THEN now() - interval '900 days' ELSE now() + interval '900 days' END`
const fill = [
  `INSERT INTO accounts (id, email, email_key, password_hash, roles, scopes)
   VALUES ('00000000-0000-4000-8000-000000000000', 'a@example.org', 'a@example.org', 'none', '{user}', '{}')`,
  `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at, ended_at, ended_as)
   SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000000', 'first-party', true, CASE WHEN n % 10 = 1 THEN -1 ELSE 0 END, now(),
          ${due}, CASE WHEN n % 10 = 2 THEN now() - interval '900 days' END, CASE WHEN n % 10 = 2 THEN 'revoked' END
     FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at, account_id, client_id, remember,
                               global_epoch, authenticated_at, expires_at)
   SELECT id, 0, '', now() + interval '1 day', account_id, client_id, remember, global_epoch, created_at, expires_at FROM sessions`,
  `INSERT INTO revocations (seq, kind, subject, effect, expires_at)
   SELECT n, 'session', gen_random_uuid(), 'ended', ${due} FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO guards (id, client_id, name, version, feed_id, cursor, lease_until, last_seen_at)
   SELECT gen_random_uuid(), 'guards', 'test', '1', gen_random_uuid(), 0, ${due}, ${due} FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO rate_limits (key, points, expires_at) SELECT 'k' || n, 1, ${due} FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO creations (key_hash, request_hash, target, expires_at)
   SELECT n::text::bytea, '', gen_random_uuid(), ${due} FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO device_authorizations (device_code_hash, user_code, client_id, audience, expires_at, interval_seconds)
   SELECT n::text::bytea, n::text, 'television', 'gatehouse', ${due}, 5 FROM generate_series(1, ${rows}) AS n`,
  `INSERT INTO audit_entries (at, action, outcome)
   SELECT CASE WHEN n % 10 = 0 THEN now() - interval '900 days' ELSE now() - interval '300 days' END, 'test', 'done'
     FROM generate_series(1, ${rows}) AS n`,
  'ANALYZE',
]

t.test('sweep: deletes what is due by index, and scans no table', async t => {
  const { url } = await freshDatabase(t.teardown)
  // One connection, so that its statistics are complete when they are read.
  const { prisma, pool, close } = openDatabase({ url, connections: 1, timeoutMs: 20_000, onError: () => undefined })
  t.teardown(close)
  for (const text of fill) await pool.query(text)
  const scans = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()')
    const { rows: tables } = await pool.query<{ name: string; scans: string }>(
      `SELECT relname AS name, seq_scan AS scans FROM pg_stat_user_tables
        WHERE relname NOT IN ('revocation_clock', 'service_clients') ORDER BY relname`,
    )
    return Object.fromEntries(tables.map(({ name, scans: count }) => [name, Number(count)]))
  }
  const removed: Record<string, number> = {}
  const deps = {
    prisma,
    rules: { limit: 500, historyDays: 7, auditRetentionDays: 400 },
    pause: async () => undefined,
    onRemoved: (what: string, count: number) => {
      removed[what] = (removed[what] ?? 0) + count
    },
  }
  const before = await scans()
  t.equal(await sweep(deps), null)
  await maintainAuditPartitions(deps)
  t.strictSame(await scans(), before)
  const tables = ['revocations', 'guards', 'rate limits', 'creations', 'device authorizations', 'audit entries']
  for (const what of [...tables, 'expired sessions', 'ended sessions', 'sessions below the global epoch'])
    t.equal(removed[what], rows / 10, what)
})

t.test('sweep: a round reads a bounded part of the refresh tokens, and the next round continues', async t => {
  const { url } = await freshDatabase(t.teardown)
  const { prisma, pool, close } = openDatabase({ url, connections: 1, timeoutMs: 20_000, onError: () => undefined })
  t.teardown(close)
  for (const text of fill.slice(0, 3)) await pool.query(text.replace(`${rows})`, '250)'))
  await pool.query(`UPDATE refresh_tokens SET idle_expires_at = now() - interval '8 days'`)
  const rules = { limit: 1, historyDays: 7, auditRetentionDays: 400 }
  const deps = { prisma, rules, pause: async () => undefined, onRemoved: () => undefined }
  const left = async () => (await pool.query('SELECT FROM refresh_tokens')).rowCount ?? 0
  const started = await left()
  const stoppedAt = await sweep(deps)
  t.type(stoppedAt, 'string')
  const after = await left()
  t.ok(after > 0 && after < started)
  t.equal(await sweep(deps, stoppedAt), null)
  t.equal(await left(), 0)
})
