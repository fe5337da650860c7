/** Cost of a renewal: one statement, and no growth of any table. */
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { pgProxy, startPostgres, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { readRefreshKeys } from '../../src/keys/refreshKeys.ts'
import { failureLimits } from '../../src/rateLimits/failureLimits.ts'
import { createRevocations } from '../../src/revoke/revoke.ts'
import { type RotateDeps, rotate } from '../../src/rotate/rotate.ts'
import { createRotationBatch } from '../../src/store/rotationBatch.ts'
import { startReplica, untilStarted } from '../helpers/replicas.ts'
import { startService, type TestSession } from '../helpers/service.ts'
import { generationOf } from '../helpers/tokens.ts'

t.test('renew: takes one statement, and a retry takes three', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const line = await pgProxy(t, service.database.url)
  const replica = await startReplica(t, service, { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  const { call } = replica
  await untilStarted(service, replica)
  let token = refreshToken
  const renew = async (refreshToken: string) => {
    const { status, body } = await call('/session/renew', { body: { refreshToken } })
    t.equal(status, 200)
    return (body as TestSession).refreshToken
  }
  token = await renew(token)
  await until(() => line.statements() === 0, 'what begins with the service is done')
  for (let n = 0; n < 10; n += 1) {
    token = await renew(token)
    t.equal(line.statements(), 1)
  }
  await renew(token)
  line.statements()
  await renew(token)
  t.equal(line.statements(), 3)
})

/**
 * PostgreSQL prunes a page only when no open transaction on the server can see its dead rows. So this test has its own server
 * and one connection, and the counts are those of the renewals only.
 */
async function ownServer(t: Test): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-rotate-cost-'))
  const { url, stop } = await startPostgres({ dataDir, persistent: false })
  t.teardown(stop)
  await migrate({ connectionString: url })
  return url
}

/** Enough renewals to show growth; a table that does not grow within them does not grow later. */
const rounds = 2000
const sessions = 6

t.test(`${rounds * sessions} renewals of ${sessions} sessions do not grow any table, without a vacuum`, async t => {
  const secret = randomBytes(32).toString('hex')
  const service = await startService(t, { REFRESH_KEYS: `1:${secret}`, DATABASE_URL: await ownServer(t) })
  const ada = await service.createUser()
  const logIn = async () => (await service.login(ada)).refreshToken
  const tokens = await Promise.all(Array.from({ length: sessions }, logIn))
  await service.query('ALTER TABLE refresh_tokens SET (autovacuum_enabled = off)')
  const sizes = async (): Promise<Record<string, number>> => {
    const rows = await service.query(
      `SELECT relname, pg_relation_size(oid)::int AS bytes FROM pg_class
        WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace ORDER BY relname`,
    )
    return Object.fromEntries(rows.map(({ relname, bytes }) => [relname, bytes]))
  }

  const { url } = service.database
  const renewing = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  const deps: RotateDeps = {
    db: renewing.prisma,
    rawSql: renewing.rawSql,
    onSharedSession: 'report',
    rotateRow: createRotationBatch(renewing.rawSql, { idle: 1e5, shortIdle: 1e4 }, systemClock),
    refreshKeys: readRefreshKeys(`1:${secret}`),
    renewalPriority: { claim: () => undefined },
    revocations: createRevocations(renewing, { retentionMs: 360_000, clock: systemClock }),
    retryWindowMs: 30_000,
    limits: failureLimits({ db: renewing.rawSql, clock: systemClock, policy: 'renew', quota: 30 }),
  }
  const clientInfo = { address: '127.0.0.1', userAgent: null, requestId: 'many' }
  const renewOften = async (first: string, times: number) => {
    const request = { clientId: 'first-party', idempotencyKey: undefined, isAwaited: () => true }
    let refreshToken = first
    for (let n = 0; n < times; n += 1) ({ refreshToken } = await rotate(deps, { ...request, refreshToken }, clientInfo))
    return refreshToken
  }
  const warm = await Promise.all(tokens.map(token => renewOften(token, 100)))
  const before = await sizes()
  const last = await Promise.all(warm.map(token => renewOften(token, rounds - 100)))
  t.same(await sizes(), before)
  for (const token of last) t.equal(generationOf(token), rounds)

  // PostgreSQL reports a connection's statistics when it ends.
  await renewing.close()
  const counts = async () => {
    const rows = await service.query(
      `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'refresh_tokens'`,
    )
    return rows[0] as { updates: number; hot: number }
  }
  await until(async () => (await counts()).updates >= rounds * sessions, 'the work is counted')
  const { updates, hot } = await counts()
  t.equal(hot, updates, 'every update stayed heap-only')
})
