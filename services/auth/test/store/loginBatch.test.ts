/** Log-ins that share statements: each gets its own answer, and none waits for the account of another. */
import { pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { holdLock, untilBlocked, waitUntil } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password, startService, type TestService, type TestSession } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const count = 12

async function peopleOf(service: TestService) {
  const people = []
  for (let n = 0; n < count; n += 1) people.push(await service.createUser())
  return people
}

const bodyFor = (email: string) => ({ body: { email, password, transport: 'body' } })

t.test(`${count} at once take fewer statements than one by one, and each brings what is its own`, async t => {
  const service = await startService(t)
  const people = await peopleOf(service)
  const line = await pgProxy(t, service.database.url)
  const { call } = await startReplica(t, service, { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  await waitUntil(() => line.statements() === 0, 'what begins with the service is done')
  const responses = await Promise.all(people.map(({ email }) => call('/session', bodyFor(email))))
  const statements = line.statements()
  t.ok(statements < count * 2, `${statements} statements`)
  for (const [at, { status, body }] of responses.entries()) {
    t.equal(status, 201)
    const { accessToken, refreshToken, sessionId } = body as TestSession
    t.equal(claimsOf(accessToken)['sub'], people[at]?.id)
    t.equal(claimsOf(accessToken)['sid'], sessionId)
    t.equal((await call('/session/renew', { body: { refreshToken } })).status, 200)
  }
})

t.test('of one person as well, and each log-in leaves its entry in the audit log', async t => {
  const { call, createUser, database } = await startService(t)
  const { email, id } = await createUser()
  const responses = await Promise.all(Array.from({ length: count }, () => call('/session', bodyFor(email))))
  t.same(new Set(responses.map(({ status }) => status)), new Set([201]))
  t.equal(new Set(responses.map(({ body }) => (body as TestSession).sessionId)).size, count)
  const { rows } = await database.pool.query(
    `SELECT detail->>'session' AS session FROM audit_entries WHERE actor = $1 AND action = 'session.start'`,
    [id],
  )
  t.same(rows.map(({ session }) => session).sort(), responses.map(({ body }) => (body as TestSession).sessionId).sort())
})

t.test('among them, whoever must not get in does not, and nobody else is hindered', async t => {
  const { call, createUser, database } = await startService(t)
  const [disabled, wrong, good] = [await createUser(), await createUser(), await createUser()]
  await database.pool.query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [disabled.id])
  const [out, no, yes] = await Promise.all([
    call('/session', bodyFor(disabled.email)),
    call('/session', { body: { email: wrong.email, password: 'not this one', transport: 'body' } }),
    call('/session', bodyFor(good.email)),
  ])
  assertProblem(t, out, 'account-disabled')
  assertProblem(t, no, 'credentials-invalid')
  t.equal(yes.status, 201)
})

t.test('an account that somebody is changing keeps only its own log-in waiting', async t => {
  const service = await startService(t)
  const [changed, ...others] = await peopleOf(service)
  const held = await holdLock(t, service, 'SELECT FROM accounts WHERE id = $1 FOR UPDATE', [changed?.id])
  let isIn = false
  const later = service.call('/session', bodyFor(changed?.email ?? '')).then(response => {
    isIn = true
    return response
  })
  await untilBlocked(service, 1)
  const responses = await Promise.all(others.map(({ email }) => service.call('/session', bodyFor(email))))
  t.same(new Set(responses.map(({ status }) => status)), new Set([201]))
  t.notOk(isIn)
  await held.release()
  t.equal((await later).status, 201)
})
