/** Batched renewals: each gets its own answer, and none waits for the session of another. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { pgProxy, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { readRefreshKeys } from '../../src/keys/refreshKeys.ts'
import { createRevocations } from '../../src/revoke/revoke.ts'
import type { Rotation } from '../../src/store/rotateRefreshToken.ts'
import { createRotationBatch } from '../../src/store/rotationBatch.ts'
import { decodeRefreshToken } from '../../src/tokens/refreshToken.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { renew, startService, type TestService, type TestSession } from '../helpers/service.ts'
import { claimsOf, generationOf } from '../helpers/tokens.ts'

const count = 12

async function sessionsOf(service: TestService): Promise<TestSession[]> {
  const ada = await service.createUser()
  return Promise.all(Array.from({ length: count }, () => service.login(ada)))
}

/** Calls the batch without HTTP, so that all renewals arrive in one turn of the event loop. */
async function startBatch(t: Test) {
  const service = await startService(t)
  const keys = readRefreshKeys(service.environment['REFRESH_KEYS'] ?? '')
  const sessions = await sessionsOf(service)
  const rotations = sessions.map(({ refreshToken }): Rotation => {
    const token = decodeRefreshToken(refreshToken, keys)
    if (token === undefined) throw new Error('a new refresh token does not decode')
    const { sessionId, generation, secret } = token
    const hashes = { presentedHash: sha256(secret), successorHash: randomBytes(32), idempotencyKeyHash: null }
    return { sessionId, generation, ...hashes, clientId: 'first-party', address: '192.0.2.1', userAgent: null }
  })
  const { batched } = createRotationBatch(service.database.rawSql, { idle: 3600, shortIdle: 60 }, systemClock)
  return { service, rotations, batched }
}

t.test(`renew: ${count} concurrent renewals share statements, and each gets the token of its session`, async t => {
  const service = await startService(t)
  const sessions = await sessionsOf(service)
  const proxy = await pgProxy(t, service.database.url)
  const { call } = await startReplica(t, service, { DATABASE_URL: proxy.url, HOUSEKEEPING_SECONDS: '86400' })
  await until(() => proxy.statements() === 0, 'the statements of the start are done')
  let tokens = sessions.map(({ refreshToken }) => refreshToken)
  let renewals = 0
  let fewest = Number.POSITIVE_INFINITY
  for (let round = 1; round <= 5; round += 1) {
    proxy.statements()
    const responses = await Promise.all(tokens.map(token => renew({ call }, token)))
    fewest = Math.min(fewest, proxy.statements())
    t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
    const renewed = responses.map(({ body }) => body as TestSession)
    for (const [index, { sessionId, accessToken, refreshToken }] of renewed.entries()) {
      t.equal(sessionId, sessions[index]?.sessionId)
      t.equal(claimsOf(accessToken)['sid'], sessionId)
      t.equal(generationOf(refreshToken), round)
    }
    tokens = renewed.map(({ refreshToken }) => refreshToken)
    renewals += count
  }
  const rows = await service.query('SELECT sum(generation)::int AS renewals FROM refresh_tokens')
  t.equal(rows[0].renewals, renewals)
  t.ok(fewest < count, `${fewest} statements for ${count} renewals`)
})

t.test('renew: a locked row delays only its own session, which is renewed after the lock is released', async t => {
  const service = await startService(t)
  const [lockedSession, ...rest] = (await sessionsOf(service)) as [TestSession, ...TestSession[]]
  const lockRow = 'SELECT FROM refresh_tokens WHERE session_id = $1 FOR UPDATE'
  const held = await holdLock(t, service, lockRow, [lockedSession.sessionId])
  const renewOf = ({ refreshToken }: TestSession) => renew(service, refreshToken)
  let isRenewed = false
  // It arrives first and alone: later renewals must not wait behind it.
  const later = renewOf(lockedSession).then(response => {
    isRenewed = true
    return response
  })
  await untilBlocked(service, 1)
  const responses = await Promise.all(rest.map(renewOf))
  t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
  t.notOk(isRenewed)
  await held.release()
  const { status, body } = await later
  t.equal(status, 200)
  t.equal(generationOf((body as TestSession).refreshToken), 1)
})

t.test('renew: renewals of locked rows in one batch wait for their locks and are renewed', async t => {
  const service = await startService(t)
  // No more than the connections of the replica.
  const sessions = (await sessionsOf(service)).slice(0, 4)
  const held = await holdLock(t, service, 'SELECT FROM refresh_tokens FOR UPDATE')
  const renewals = sessions.map(({ refreshToken }) => renew(service, refreshToken))
  // The batch skips the locked rows; each of their renewals then waits in a statement of its own.
  await untilBlocked(service, sessions.length)
  await held.release()
  for (const { status, body } of await Promise.all(renewals))
    t.same([status, generationOf((body as TestSession).refreshToken)], [200, 1])
})

t.test('renew: a batch rotates no ended session, no old generation and no wrong secret', async t => {
  const { service, rotations, batched } = await startBatch(t)
  const [ended, old, otherSecret, ...good] = rotations as [Rotation, Rotation, Rotation, ...Rotation[]]
  const act = { actor: null, reason: null, address: null, requestId: null }
  const { endSessions } = createRevocations(service.database, { retentionMs: 360_000, clock: systemClock })
  await endSessions({ kind: 'one', sessionId: ended.sessionId }, 'revoked', act)
  const batch = [ended, { ...old, generation: 7 }, { ...otherSecret, presentedHash: randomBytes(32) }, ...good]
  const grants = await Promise.all(batch.map(batched))
  const rotated = grants.map(grant => grant?.sessionId)
  t.same(rotated, [undefined, undefined, undefined, ...good.map(({ sessionId }) => sessionId)])
})

t.test('renew: of two renewals with one token in a batch, one rotates the row', async t => {
  const { service, rotations, batched } = await startBatch(t)
  const grants = await Promise.all([...rotations, ...rotations].map(batched))
  t.equal(grants.filter(grant => grant !== undefined).length, count)
  const rows = await service.query('SELECT DISTINCT generation FROM refresh_tokens')
  t.same(rows, [{ generation: 1 }])
})
