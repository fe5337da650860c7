/** Renewal: a retry returns the same successor, reuse ends the session. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { HttpResponse } from '@gatehouse/testkit'
import t from 'tap'
import { holdRevocationClock, inOrder } from '../helpers/locks.ts'
import { rawRequest } from '../helpers/rawRequest.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, renew, startService, type TestService, type TestSession } from '../helpers/service.ts'
import { claimsOf, effectOf, generationOf } from '../helpers/tokens.ts'

const sessionOf = ({ body }: HttpResponse) => body as TestSession

async function storedGeneration({ database }: TestService, sessionId: string): Promise<number | undefined> {
  const { rows } = await database.pool.query('SELECT generation FROM refresh_tokens WHERE session_id = $1', [sessionId])
  return rows[0]?.generation
}

t.test('renew: 50 concurrent renewals of one token over two replicas all return the same successor', async t => {
  const one = await startService(t)
  const other = await startReplica(t, one)
  const { refreshToken, sessionId } = await one.login(await one.createUser())
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, n) => renew(n % 2 === 0 ? one : other, refreshToken)),
  )
  t.same(new Set(responses.map(({ status }) => status)), new Set([200]))
  const successors = new Set(responses.map(response => sessionOf(response).refreshToken))
  t.equal(successors.size, 1)
  t.equal(generationOf([...successors][0] ?? ''), 1)
  t.equal(await storedGeneration(one, sessionId), 1)
  const accessTokens = responses.map(response => sessionOf(response).accessToken)
  t.equal(new Set(accessTokens.map(token => claimsOf(token).jti)).size, 50, 'each with an access token of its own')
  t.equal((await one.call('/me', { token: accessTokens[49] ?? '' })).status, 200)
})

t.test('renew: returns the same successor when the request is repeated after 10 s, and rotates nothing', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  const first = sessionOf(await renew(service, refreshToken))
  await service.ageSession(sessionId, 10)
  const row = async () =>
    await service.query(
      'SELECT generation, current_hash, previous_hash, rotated_at, idle_expires_at FROM refresh_tokens',
    )
  const before = await row()
  const retried = await renew(service, refreshToken)
  t.equal(retried.status, 200)
  t.equal(sessionOf(retried).refreshToken, first.refreshToken)
  t.same(await row(), before)
  t.equal((await renew(service, first.refreshToken)).status, 200, 'the successor is valid')
})

t.test('renew: the retry window starts at the first use and is not extended by retries', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await renew(service, refreshToken)
  for (let n = 0; n < 2; n += 1) {
    await service.ageSession(sessionId, 14)
    t.equal((await renew(service, refreshToken)).status, 200)
  }
  await service.ageSession(sessionId, 3)
  assertProblem(t, await renew(service, refreshToken), 'refresh-reused')
})

t.test('renew: reports reuse when the previous token returns after the retry window', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  const first = sessionOf(await renew(service, refreshToken))
  await service.ageSession(sessionId, 31)
  assertProblem(t, await renew(service, refreshToken), 'refresh-reused')
  assertProblem(t, await renew(service, first.refreshToken), 'session-ended')
  t.equal(await effectOf(service, first.accessToken), 'ended')
})

t.test('renew: returns the same successor after an hour with the same Idempotency-Key only', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const key = 'kept-by-the-client'
  const start = async () => {
    const session = await service.login(ada)
    const first = sessionOf(await renew(service, session.refreshToken, key))
    await service.ageSession(session.sessionId, 3600)
    return { ...session, successor: first.refreshToken }
  }
  const honest = await start()
  for (let n = 0; n < 3; n += 1) {
    const retried = await renew(service, honest.refreshToken, key)
    t.equal(retried.status, 200)
    t.equal(sessionOf(retried).refreshToken, honest.successor)
  }
  const without = await start()
  assertProblem(t, await renew(service, without.refreshToken), 'refresh-reused')
  const other = await start()
  assertProblem(t, await renew(service, other.refreshToken, 'another-key'), 'refresh-reused')
  const used = await start()
  t.equal((await renew(service, used.successor, 'the-next-attempt')).status, 200)
  assertProblem(t, await renew(service, used.refreshToken, key), 'refresh-reused')
})

t.test('renew: an Idempotency-Key that only the retry carries does not extend the window', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  await renew(service, refreshToken)
  await service.ageSession(sessionId, 31)
  assertProblem(t, await renew(service, refreshToken, 'invented-afterwards'), 'refresh-reused')
})

t.test('renew: reuse after the successor was used ends that session only, audited with both client infos', async t => {
  const service = await startService(t, { TRUST_PROXY: 'loopback' })
  const ada = await service.createUser()
  const session = await service.login(ada)
  const beside = await service.login(ada)
  await service.query(`UPDATE sessions SET address = '192.0.2.1' WHERE id = $1`, [session.sessionId])
  let newest = session.refreshToken
  for (let n = 0; n < 3; n += 1) newest = sessionOf(await renew(service, newest)).refreshToken

  const headers = { 'x-forwarded-for': '203.0.113.66', 'user-agent': 'replay/1' }
  const reused = await service.call('/session/renew', { body: { refreshToken: session.refreshToken }, headers })
  assertProblem(t, reused, 'refresh-reused')
  assertProblem(t, await renew(service, newest), 'session-ended')
  t.equal((await renew(service, beside.refreshToken)).status, 200, 'the other session continues')

  const rows = await service.query(`SELECT * FROM audit_entries WHERE action = 'session.reuse-detected'`)
  t.match(rows, [
    {
      actor: null,
      target: session.sessionId,
      address: '203.0.113.66',
      seq: /^[1-9]/,
      detail: { presentedGeneration: 0, currentGeneration: 3, sessionAddress: '192.0.2.1', userAgent: 'replay/1' },
    },
  ])
  t.notMatch(JSON.stringify(rows), /ghr_/)
  t.equal(rows[0]?.request_id, (reused.body as { requestId: string }).requestId)
})

t.test('renew: of two concurrent reuses one is refresh-reused and audited, the other session-ended', async t => {
  const one = await startService(t)
  const other = await startReplica(t, one)
  const { refreshToken, sessionId } = await one.login(await one.createUser())
  await renew(one, refreshToken)
  await one.ageSession(sessionId, 31)
  const clock = await holdRevocationClock(t, one)
  const [first, second] = await inOrder(one, clock, [() => renew(one, refreshToken), () => renew(other, refreshToken)])
  assertProblem(t, first, 'refresh-reused')
  assertProblem(t, second, 'session-ended')
  const rows = await one.query(
    `SELECT (SELECT count(*)::int FROM revocations) AS entries,
            (SELECT count(*)::int FROM audit_entries WHERE action = 'session.reuse-detected') AS reuses`,
  )
  t.same(rows, [{ entries: 1, reuses: 1 }])
})

t.test('renew: an old token whose client has disconnected is not treated as reuse', async t => {
  const service = await startService(t)
  const { hostname, port } = new URL(service.url)
  const { refreshToken: first, sessionId } = await service.login(await service.createUser())
  let newest = first
  for (let n = 0; n < 2; n += 1) newest = sessionOf(await renew(service, newest)).refreshToken

  const json = JSON.stringify({ refreshToken: first })
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: first }).toString()
  const requests = [
    { path: '/session/renew', type: 'application/json', body: json },
    { path: '/oauth/token', type: 'application/x-www-form-urlencoded', body: form },
  ]
  const ways: Record<string, (socket: Socket) => unknown> = {
    'closes the connection': socket => socket.end(),
    'breaks it off': socket => socket.resetAndDestroy(),
  }
  for (const { path, type, body } of requests) {
    const lines = ['host: auth.test', `content-type: ${type}`, `content-length: ${body.length}`]
    for (const [name, leave] of Object.entries(ways)) {
      const socket = connect({ host: hostname, port: Number(port) })
      const closed = once(socket, 'close')
      await once(socket, 'connect')
      socket.write(rawRequest(`POST ${path}`, lines, body), () => leave(socket))
      socket.resume()
      await closed
      const { refreshToken } = sessionOf(await renew(service, newest))
      newest = refreshToken
      t.ok(newest, `${path}: a client that ${name} is not treated as reuse`)
    }
  }
  const rows = await service.query(`SELECT * FROM audit_entries WHERE action = 'session.reuse-detected'`)
  t.same(rows, [])
  assertProblem(t, await renew(service, first), 'refresh-reused')
  t.equal(await storedGeneration(service, sessionId), undefined, 'a client that waits for the response is reuse')
})
