/** Batched log-ins: each gets its own answer, and none waits for the account of another. */
import { pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password, renew, startService, type TestService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const count = 12

async function usersOf(service: TestService) {
  const users = []
  for (let n = 0; n < count; n += 1) users.push(await service.createUser())
  return users
}

const bodyFor = (email: string) => ({ body: { email, password, transport: 'body' } })

t.test(`log-in: ${count} concurrent log-ins share statements, and each gets its own session`, async t => {
  const service = await startService(t)
  const users = await usersOf(service)
  const proxy = await pgProxy(t, service.database.url)
  const { call } = await startReplica(t, service, { DATABASE_URL: proxy.url, HOUSEKEEPING_SECONDS: '86400' })
  await until(() => proxy.statements() === 0, 'the statements of the start are done')
  const responses = await Promise.all(users.map(({ email }) => call('/session', bodyFor(email))))
  const statements = proxy.statements()
  t.ok(statements < count * 2, `${statements} statements`)
  for (const [index, { status, body }] of responses.entries()) {
    t.equal(status, 201)
    const { accessToken, refreshToken, sessionId } = body as TestSession
    t.equal(claimsOf(accessToken)['sub'], users[index]?.id)
    t.equal(claimsOf(accessToken)['sid'], sessionId)
    t.equal((await renew({ call }, refreshToken)).status, 200)
  }
})

t.test('log-in: concurrent log-ins of one account each start a session and write an audit entry', async t => {
  const { call, createUser, query } = await startService(t)
  const { email, id } = await createUser()
  const responses = await Promise.all(Array.from({ length: count }, () => call('/session', bodyFor(email))))
  t.same(new Set(responses.map(({ status }) => status)), new Set([201]))
  t.equal(new Set(responses.map(({ body }) => (body as TestSession).sessionId)).size, count)
  const rows = await query(
    `SELECT detail->>'session' AS session FROM audit_entries WHERE actor = $1 AND action = 'session.start'`,
    [id],
  )
  t.same(rows.map(({ session }) => session).sort(), responses.map(({ body }) => (body as TestSession).sessionId).sort())
})

t.test('log-in: a disabled account and a wrong password are refused, and the rest of the batch succeeds', async t => {
  const { call, createUser, query } = await startService(t)
  const [disabled, wrong, good] = [await createUser(), await createUser(), await createUser()]
  await query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [disabled.id])
  const [forDisabled, forWrong, forGood] = await Promise.all([
    call('/session', bodyFor(disabled.email)),
    call('/session', { body: { email: wrong.email, password: 'not this one', transport: 'body' } }),
    call('/session', bodyFor(good.email)),
  ])
  assertProblem(t, forDisabled, 'account-disabled')
  assertProblem(t, forWrong, 'credentials-invalid')
  t.equal(forGood.status, 201)
})

t.test('log-in: a locked account delays only its own log-in', async t => {
  const service = await startService(t)
  const [locked, ...rest] = await usersOf(service)
  const held = await holdLock(t, service, 'SELECT FROM accounts WHERE id = $1 FOR UPDATE', [locked?.id])
  let isStarted = false
  const later = service.call('/session', bodyFor(locked?.email ?? '')).then(response => {
    isStarted = true
    return response
  })
  await untilBlocked(service, 1)
  const responses = await Promise.all(rest.map(({ email }) => service.call('/session', bodyFor(email))))
  t.same(new Set(responses.map(({ status }) => status)), new Set([201]))
  t.notOk(isStarted)
  await held.release()
  t.equal((await later).status, 201)
})
