/** The admin routes of sessions: end one, and end all that match criteria. */
import type { ActiveSessions, BulkPreview } from '@gatehouse/contract'
import t from 'tap'
import { agentInWords } from '../../src/store/listSessions.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, holdRevocationClock, untilBlocked } from '../helpers/locks.ts'
import { insertRefreshRows } from '../helpers/refreshRows.ts'
import { assertProblem, renew } from '../helpers/service.ts'

t.test('end session: ends that session and no other', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const [one, other] = [await service.login(ada), await service.login(ada)]
  const ended = await service.callAsAdmin(`/admin/sessions/${one.sessionId}/end`, { body: { reason: 'laptop lost' } })
  t.match(ended.body, { kind: 'session', subject: one.sessionId, sessionsEnded: 1, inForce: true })
  assertProblem(t, await service.call('/me', { token: one.accessToken }), 'session-ended')
  t.equal((await service.call('/me', { token: other.accessToken })).status, 200)
  const unknown = '/admin/sessions/00000000-0000-4000-8000-000000000000/end'
  assertProblem(t, await service.callAsAdmin(unknown, { body: {} }), 'not-found')
  const endAll = (method: string) => service.callAsAdmin(`/admin/users/${ada.id}/sessions/end`, { method })
  assertProblem(t, await endAll('GET'), 'method-not-allowed')
  t.match((await endAll('POST')).body, { kind: 'user', sessionsEnded: 1 })
  assertProblem(t, await service.call('/me', { token: other.accessToken }), 'session-ended')
})

t.test('bulk end: ends the sessions that the preview counted, by all criteria together', async t => {
  const service = await startWithAdmin(t)
  const [ada, bob] = [await service.createUser(), await service.createUser()]
  const laptop = await service.login(ada, { device: "Ada's Laptop" })
  const phone = await service.login(ada, { device: "Ada's phone" })
  const other = await service.login(bob, { device: 'laptop' })
  await service.database.prisma
    .$executeRaw`UPDATE sessions SET address = '10.1.2.3' WHERE id = ${other.sessionId}::uuid`
  const end = (criteria: object, more = {}) =>
    service.callAsAdmin('/admin/sessions/end', { body: { criteria, ...more } })
  const preview = async (criteria: object) => (await end(criteria, { dryRun: true })).body as BulkPreview
  const laptops = { dryRun: true, sessions: 2, accounts: 2, includesCurrentSession: false }
  t.match(await preview({ device: 'LAPTOP' }), laptops)
  t.match(await preview({ accounts: [ada.id] }), { sessions: 2, accounts: 1 })
  t.match(await preview({ network: '10.1.0.0/16' }), { sessions: 1 })
  t.match(await preview({ network: '127.0.0.1' }), { sessions: 3, includesCurrentSession: true })
  t.match(await preview({ network: '2001:db8::/32' }), { sessions: 0 })
  t.match(await preview({ client: 'first-party' }), { sessions: 4, includesCurrentSession: true })
  t.match(await preview({ createdBefore: '2020-01-01T00:00:00Z' }), { sessions: 0 })
  assertProblem(t, await end({}), 'request-malformed')
  assertProblem(t, await end({ client: 'first-party' }), 'confirmation-required')

  const criteria = { accounts: [ada.id], device: 'laptop' }
  const ended = await end(criteria, { reason: 'laptop lost' })
  t.match(ended.body, { kind: 'session', subject: null, sessionsEnded: 1, inForce: true })
  assertProblem(t, await service.call('/me', { token: laptop.accessToken }), 'session-ended')
  for (const { accessToken } of [phone, other]) t.equal((await service.call('/me', { token: accessToken })).status, 200)
  t.match(await service.lastAudit('sessions.end-matching'), { reason: 'laptop lost', detail: criteria })
  t.match((await end(criteria)).body, { sessionsEnded: 0, inForce: true }, 'again')
})

t.test('bulk end: ends 10,001 sessions in batches, while the session of another account renews', async t => {
  const service = await startWithAdmin(t)
  const sessions = 10_001
  const ada = await service.createUser()
  const { refreshToken } = await service.login(await service.createUser())
  await service.database.prisma.$executeRaw`
    INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at)
    SELECT gen_random_uuid(), ${ada.id}::uuid, 'first-party', true, 0, now(), now() + interval '1 day'
      FROM generate_series(1, ${sessions}::int)`
  await insertRefreshRows(service, '1 day')
  // One of the first batch ends meanwhile, so that the batch ends fewer than it chose.
  const logout = await holdLock(
    t,
    service,
    `UPDATE sessions SET ended_at = now(), ended_as = 'logged-out'
      WHERE id = (SELECT id FROM sessions WHERE account_id = $1 ORDER BY id LIMIT 1)`,
    [ada.id],
  )
  const clock = await holdRevocationClock(t, service)
  const ended = service.callAsAdmin('/admin/sessions/end', { body: { criteria: { accounts: [ada.id] } } })
  await untilBlocked(service, 1)
  await logout.release()
  await untilBlocked(service, 1)
  t.match(await renew(service, refreshToken), { status: 200 })
  await clock.release()
  t.match((await ended).body, { sessionsEnded: sessions - 1, inForce: true, seq: sessions - 1 })
  const [left] = await service.database.prisma.$queryRaw<{ active: number; entries: number; batches: number }[]>`
    SELECT (SELECT count(*)::int FROM refresh_tokens WHERE account_id = ${ada.id}::uuid) AS active,
           (SELECT count(*)::int FROM revocations) AS entries,
           (SELECT count(DISTINCT xmin::text)::int FROM revocations) AS batches`
  t.strictSame(left, { active: 1, entries: sessions - 1, batches: 6 })
})

t.test('bulk end: with millions of sessions, the preview is an estimate and the end reads them in slices', async t => {
  const service = await startWithAdmin(t)
  const { pool, prisma } = service.database
  const { id: accountId } = await service.createUser()
  // In parts, each within the limit of a statement.
  for (let part = 0; part < 5; part += 1)
    await prisma.$executeRaw`
      INSERT INTO sessions (id, account_id, client_id, device, remember, global_epoch, created_at, expires_at)
      SELECT gen_random_uuid(), ${accountId}::uuid, 'first-party', CASE WHEN n = 1 THEN 'Kiosk' END, true, 0, now(),
             now() + interval '1 day' FROM generate_series(1, 10000) AS n`
  await pool.query('ANALYZE sessions')
  const end = (criteria: object, more: object = {}) =>
    service.callAsAdmin('/admin/sessions/end', { body: { criteria, ...more } })
  t.match((await end({ device: 'kiosk' }, { dryRun: true })).body, { sessions: 5, accounts: 1, estimated: false })

  // The planner takes the rows of a page from these: the table seems to have five million sessions.
  await pool.query(`UPDATE pg_class SET reltuples = 100 * reltuples WHERE relname = 'sessions'`)
  const preview = (await end({ device: 'kiosk' }, { dryRun: true })).body as BulkPreview
  t.match(preview, { estimated: true, includesCurrentSession: false })
  t.ok(preview.sessions > 4_000_000, `about ${preview.sessions} sessions: the device is left out`)
  const { activeSessions } = (await service.callAsAdmin('/admin/sessions/count')).body as ActiveSessions
  t.ok(activeSessions > 4_000_000, `about ${activeSessions} active sessions`)
  t.match((await end({ network: '127.0.0.1' }, { dryRun: true })).body, { sessions: 1, includesCurrentSession: true })

  t.match((await end({ device: 'kiosk' })).body, { sessionsEnded: 5, inForce: true })
  const left = await prisma.session.groupBy({ by: ['endedAs'], where: { device: 'Kiosk' }, _count: true })
  t.match(left, [{ endedAs: 'revoked', _count: 5 }])
})

t.test('session view: describes user agents', async t => {
  const agents: [string | null, string][] = [
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140 on Windows'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Chrome 140 on macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari 18 on iOS 18',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
      'Chrome 139 on Linux',
    ],
    ['gatehouse-cli/0.1.0', 'gatehouse-cli'],
    ['(((', 'unknown'],
    ['', 'unknown'],
    [null, 'unknown'],
  ]
  for (const [agent, words] of agents) t.equal(agentInWords(agent), words)
})
