/** PostgreSQL plans the statements of the hot paths once for each connection: planning each execution would cost three renewals. */
import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { Prisma } from '../../src/generated/prisma/client.ts'
import { sha256 } from '../../src/keys/hmac.ts'
import { countMatching, endMatching } from '../../src/store/matchingSessions.ts'
import { readCaller, readCallers } from '../../src/store/readCaller.ts'
import { readFeed } from '../../src/store/readFeed.ts'
import { readLogins } from '../../src/store/readLogin.ts'
import { writeReceipts } from '../../src/store/receipts.ts'
import { revokeSession } from '../../src/store/revokeSession.ts'
import { revokeSessionBatch } from '../../src/store/revokeSessionBatch.ts'
import { rotateRefreshToken, rotateRefreshTokens } from '../../src/store/rotateRefreshToken.ts'
import { activeOf } from '../../src/store/sessionFilter.ts'
import { startSession, startSessions } from '../../src/store/startSession.ts'
import { lowestId } from '../../src/store/sweepRecords.ts'
import { writePolls } from '../../src/store/writePolls.ts'
import { insertRefreshRows } from '../helpers/refreshRows.ts'
import { startService } from '../helpers/service.ts'

/** In small tables every plan costs the same. */
const fillTables = [
  `INSERT INTO accounts (email, email_key, password_hash, roles, scopes)
   SELECT n || '@example.net', n || '@example.net', 'none', '{user}', '{}' FROM generate_series(1, 20000) AS n`,
  `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at)
   SELECT gen_random_uuid(), id, 'first-party', true, 0, now(), now() + interval '1 day' FROM accounts`,
]

/** PostgreSQL makes five custom plans before it compares them with a generic plan. */
const customPlans = 5
const executions = 12

t.test('store: each hot statement keeps a generic plan, for one row and for several', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  for (const text of fillTables) await service.query(text)
  await insertRefreshRows(service, '1 day')
  await service.query('ANALYZE')
  const { url } = service.database
  const { rawSql, pool, close } = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(close)
  const client = { clientId: 'first-party', userAgent: null, address: '192.0.2.1' }
  const rotation = () => {
    const hashes = { idempotencyKeyHash: null, presentedHash: randomBytes(32), successorHash: randomBytes(32) }
    return { ...client, ...hashes, sessionId: randomUUID(), generation: 0 }
  }
  const quotas = ['one', 'other'].map(key => ({ key, max: 3 }))
  const begin = () => {
    const account = { accountId: ada.id, passwordHash: 'another', quotas }
    const times = { remember: true, lifetimeSeconds: 60, idleSeconds: 60, secretHash: randomBytes(32) }
    return { ...client, ...account, ...times, sessionId: randomUUID(), requestId: 'r', device: null }
  }
  const poll = () => {
    const secret = { clientId: 'guards', secretHash: sha256('wrong') }
    return { ...secret, guard: randomUUID(), name: 'g', version: '1', feedId: null, after: null }
  }
  const request = { actor: null, target: null, reason: null, address: null, requestId: 'r' }
  const audit = { ...request, action: 'session.revoked' as const, outcome: 'done', detail: {} }
  const end = () => ({ sessionId: randomUUID(), accountId: null, actorSid: null, endedAs: 'revoked' as const, audit })
  const caller = () => ({ id: ada.id, sid: randomUUID(), keyId: 'none' })
  const idle = { idle: 60, shortIdle: 60 }
  const lease = { leaseMs: 1000, marginMs: 100, pageSize: 100, guardsPerClient: 10 }
  const statements: Record<string, () => Promise<unknown>> = {
    'a single renewal': () => rotateRefreshToken(rawSql, rotation(), idle),
    'two renewals batched': () => rotateRefreshTokens(rawSql, [rotation(), rotation()], idle),
    'the read before a password is verified': () =>
      readLogins(rawSql, [{ email: ada.email, network: '192.0.2.1', quotas }]),
    'a single log-in': () => startSession(rawSql, begin()),
    'log-ins batched': () => startSessions(rawSql, [begin()]),
    'the end of a session': () => revokeSession(rawSql, end(), 60_000),
    'ends of sessions batched': () => revokeSessionBatch(rawSql, [end(), end()], 60_000),
    'a caller': () => readCaller(rawSql, caller()),
    'callers batched': () => readCallers(rawSql, [caller(), caller()]),
    receipts: () => writeReceipts(rawSql, [{ seq: 1, waitedMs: 0, guards: [] }]),
    'a poll': () => writePolls(rawSql, [poll()], lease),
    'the feed': () => readFeed(rawSql, { after: 0, pageSize: 10 }),
  }
  const counts = async () => {
    const { rows } = await pool.query<{ custom: number; generic: number }>(
      `SELECT coalesce(sum(custom_plans), 0)::int AS custom, coalesce(sum(generic_plans), 0)::int AS generic
         FROM pg_prepared_statements WHERE name LIKE 'gatehouse_%'`,
    )
    return rows[0] ?? { custom: 0, generic: 0 }
  }
  for (const [name, execute] of Object.entries(statements)) {
    const before = await counts()
    for (let n = 0; n < executions; n += 1) await execute()
    const { custom, generic } = await counts()
    t.ok(
      custom - before.custom <= customPlans,
      `${name}: ${custom - before.custom} custom plans in ${executions} executions`,
    )
    t.ok(
      generic - before.generic >= executions - customPlans,
      `${name}: ${generic - before.generic} executions of the generic plan`,
    )
  }
})

t.test('store: receipts are written by the index on the number, also into a month without statistics', async t => {
  const { url } = (await startService(t)).database
  const { rawSql, pool, close } = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(close)
  const write = (seq: number) => writeReceipts(rawSql, [{ seq, waitedMs: 0, guards: [] }])
  for (let seq = 1; seq <= executions; seq += 1) await write(seq)
  await pool.query(
    `INSERT INTO audit_entries (action, outcome, seq, detail)
     SELECT 'revocation.in-force', 'done', 100 + n, '{}' FROM generate_series(1, 2000) AS n`,
  )
  const rowsRead = async () => {
    const { rows } = await pool.query<{ read: number }>(
      `SELECT sum(idx_tup_read)::int AS read FROM pg_stat_user_indexes WHERE relname LIKE 'audit_entries%'`,
    )
    return rows[0]?.read ?? 0
  }
  const flush = () => pool.query('SELECT pg_stat_force_next_flush()')
  await flush()
  const before = await rowsRead()
  await write(5000)
  await flush()
  t.ok((await rowsRead()) - before < 100, `${(await rowsRead()) - before} index entries read`)
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM audit_entries WHERE seq = 5000')
  t.same(rows, [{ count: 1 }])
})

t.test('store: the sessions of a service client are counted and ended by the index on the client', async t => {
  const service = await startService(t)
  for (const text of fillTables) await service.database.pool.query(text)
  const { url } = service.database
  const { prisma, pool, close } = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(close)
  const max = 100
  await pool.query(
    `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at)
     SELECT gen_random_uuid(), account_id, 'robot', true, 0, now(), now() + interval '1 day' FROM sessions LIMIT ${3 * max}`,
  )
  await pool.query('ANALYZE sessions')
  const createdBefore = new Date('9999-12-31')
  const filter = { accounts: null, client: 'robot', devicePart: null, network: null, createdBefore }
  const plan = async (table: Prisma.Sql) => {
    const { rows } = await pool.query(`EXPLAIN (GENERIC_PLAN) ${Prisma.sql`SELECT FROM ${table}`.text}`)
    return JSON.stringify(rows)
  }
  const active = activeOf(filter, 0)
  t.match(await plan(Prisma.sql`sessions AS session WHERE ${active}`), /sessions_client_id_id_idx/)

  const rowsRead = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()')
    const { rows } = await pool.query<{ read: number }>(
      `SELECT (seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'sessions'))::int AS read
         FROM pg_stat_user_tables WHERE relname = 'sessions'`,
    )
    return rows[0]?.read ?? 0
  }
  const before = await rowsRead()
  t.match(await countMatching(prisma, filter, randomUUID()), { sessions: 3 * max, estimated: false })
  const first = await endMatching(prisma, filter, { after: lowestId, limit: max, byIndex: true })
  t.equal(first.ids.length, max)
  const second = await endMatching(prisma, filter, { after: first.last ?? '', limit: 2 * max, byIndex: false })
  t.equal(second.ids.length, 2 * max)
  const read = (await rowsRead()) - before
  t.ok(read < 20 * max, `${read} rows and index entries of 20,000 read`)
})
