/** Housekeeping deletes expired rows and keeps all others. */
import t from 'tap'
import { sweep } from '../../src/housekeeping/sweep.ts'
import { insertRefreshRows } from '../helpers/refreshRows.ts'
import { assertProblem, renew, startService } from '../helpers/service.ts'

const rules = { limit: 100, historyDays: 7, auditRetentionDays: 400 }

t.test('sweep: two concurrent sweeps delete all expired rows and no others', async t => {
  const service = await startService(t)
  const { prisma } = service.database
  const ada = await service.createUser()
  const session = await service.login(ada)
  const many = 350
  await prisma.$executeRaw`
    INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at, ended_at, ended_as)
    SELECT gen_random_uuid(), ${ada.id}::uuid, 'first-party', true, 0, now() - interval '99 days',
           CASE n % 4 WHEN 0 THEN now() - interval '8 days' ELSE now() + interval '1 day' END,
           CASE n % 4 WHEN 1 THEN now() - interval '8 days' WHEN 2 THEN now() END, CASE WHEN n % 4 IN (1, 2) THEN 'revoked' END
      FROM generate_series(1, 4 * ${many}::int) AS n`
  await insertRefreshRows(service, '-8 days')
  await prisma.$executeRaw`
    INSERT INTO revocations (seq, kind, subject, effect, expires_at)
    SELECT n, 'session', gen_random_uuid(), 'ended', now() + CASE WHEN n <= ${many}::int THEN -1 ELSE 1 END * interval '1 minute'
      FROM generate_series(1, ${many}::int + 5) AS n`
  await prisma.$executeRaw`
    INSERT INTO guards (id, client_id, name, version, feed_id, cursor, lease_until, last_seen_at)
    SELECT gen_random_uuid(), 'guards', 'test', '1', gen_random_uuid(), 0, now() - n * interval '9 minutes', now() - n * interval '9 minutes' FROM generate_series(1, 3) AS n`
  await prisma.$executeRaw`
    INSERT INTO rate_limits (key, points, expires_at)
    SELECT 'k' || n, 1, now() + CASE WHEN n <= ${many}::int THEN -1 ELSE 60 END * interval '1 second' FROM generate_series(1, ${many}::int + 5) AS n`
  await prisma.$executeRaw`
    INSERT INTO creations (key_hash, request_hash, target, expires_at)
    SELECT n::text::bytea, '', gen_random_uuid(), now() + CASE WHEN n <= ${many}::int THEN -1 ELSE 1 END * interval '1 minute'
      FROM generate_series(1, ${many}::int + 5) AS n`
  await prisma.$executeRaw`
    INSERT INTO audit_entries (at, action, outcome) SELECT now() - interval '401 days', 'test.old', 'done' FROM generate_series(1, ${many}::int)`

  const removed = new Map<string, number>()
  const deps = {
    prisma,
    rules,
    pause: async () => undefined,
    onRemoved: (what: string, count: number) => void removed.set(what, (removed.get(what) ?? 0) + count),
  }
  await Promise.all([sweep(deps), sweep(deps)])
  // Each sweep skips the rows that the other has locked; the next round deletes them.
  await sweep(deps)

  const [left] = await prisma.$queryRaw<Record<string, number>[]>`
    SELECT (SELECT count(*)::int FROM sessions) AS sessions, (SELECT count(*)::int FROM refresh_tokens) AS tokens,
           (SELECT count(*)::int FROM revocations) AS revocations, (SELECT count(*)::int FROM guards) AS guards,
           (SELECT count(*)::int FROM rate_limits) AS limits, (SELECT count(*)::int FROM creations) AS creations,
           (SELECT count(*)::int FROM audit_entries WHERE action = 'test.old') AS audit`
  t.strictSame(left, { sessions: many + 1, tokens: 1, revocations: 5, guards: 1, limits: 5, creations: 5, audit: 0 })
  t.equal(removed.get('revocations'), many, 'no row is counted twice')
  t.equal((await renew(service, session.refreshToken)).status, 200)
})

t.test('sweep: deletes sessions below the global epoch, which are refused as ended before and after', async t => {
  const service = await startService(t)
  const { prisma } = service.database
  const admin = await service.createUser({ roles: ['admin'] })
  const session = await service.login(admin)
  await service.call('/admin/sessions/end-all', { token: session.accessToken, body: { confirm: 'end every session' } })
  const next = await service.login(admin)
  for (const round of ['before', 'after']) {
    assertProblem(t, await service.call('/me', { token: session.accessToken }), 'session-ended')
    assertProblem(t, await renew(service, session.refreshToken), 'session-ended')
    if (round === 'before') await sweep({ prisma, rules, pause: async () => undefined, onRemoved: () => undefined })
  }
  const rows = await prisma.$queryRaw<{ id: string }[]>`SELECT id FROM sessions`
  t.strictSame(rows, [{ id: next.sessionId }])
})

t.test('housekeeping: a running service sweeps periodically', async t => {
  const service = await startService(t, { HOUSEKEEPING_SECONDS: '1' })
  const { prisma } = service.database
  await prisma.$executeRaw`
    INSERT INTO creations (key_hash, request_hash, target, expires_at) VALUES ('x', '', gen_random_uuid(), now() - interval '1 minute')`
  const isThere = async () => (await prisma.$queryRaw<unknown[]>`SELECT 1 FROM creations`).length > 0
  while (await isThere()) await new Promise(resolve => setTimeout(resolve, 50))
  t.match((await service.call('/metrics')).body, /gatehouse_housekeeping_removed_total\{what="creations"\} 1/)
})
