/** Log-ins that share statements: each gets its own answer, and none waits for the account of another. */
import { pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { hold, until, untilWaiting } from '../helpers/locks.ts'
import { replica } from '../helpers/replicas.ts'
import { isRefusal, password, type Session, type Stage, stage } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const count = 12

async function peopleOf(place: Stage) {
  const people = []
  for (let n = 0; n < count; n += 1) people.push(await place.person())
  return people
}

const bodyFor = (email: string) => ({ body: { email, password, transport: 'body' } })

t.test(`${count} at once take fewer statements than one by one, and each brings what is its own`, async t => {
  const place = await stage(t)
  const people = await peopleOf(place)
  const line = await pgProxy(t, place.database.url)
  const { call } = await replica(t, place, { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' })
  await until(() => line.statements() === 0, 'what begins with the service is done')
  const answers = await Promise.all(people.map(({ email }) => call('/session', bodyFor(email))))
  const statements = line.statements()
  t.ok(statements < count * 2, `${statements} statements`)
  for (const [at, { status, body }] of answers.entries()) {
    t.equal(status, 201)
    const { accessToken, refreshToken, sessionId } = body as Session
    t.equal(claimsOf(accessToken)['sub'], people[at]?.id)
    t.equal(claimsOf(accessToken)['sid'], sessionId)
    t.equal((await call('/session/renew', { body: { refreshToken } })).status, 200)
  }
})

t.test('of one person as well, and each log-in leaves its entry in the audit log', async t => {
  const { call, person, database } = await stage(t)
  const { email, id } = await person()
  const answers = await Promise.all(Array.from({ length: count }, () => call('/session', bodyFor(email))))
  t.same(new Set(answers.map(({ status }) => status)), new Set([201]))
  t.equal(new Set(answers.map(({ body }) => (body as Session).sessionId)).size, count)
  const { rows } = await database.pool.query(
    `SELECT detail->>'session' AS session FROM audit_entries WHERE actor = $1 AND action = 'session.start'`,
    [id],
  )
  t.same(rows.map(({ session }) => session).sort(), answers.map(({ body }) => (body as Session).sessionId).sort())
})

t.test('among them, whoever must not get in does not, and nobody else is hindered', async t => {
  const { call, person, database } = await stage(t)
  const [disabled, wrong, good] = [await person(), await person(), await person()]
  await database.pool.query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [disabled.id])
  const [out, no, yes] = await Promise.all([
    call('/session', bodyFor(disabled.email)),
    call('/session', { body: { email: wrong.email, password: 'not this one', transport: 'body' } }),
    call('/session', bodyFor(good.email)),
  ])
  isRefusal(t, out, 'account-disabled')
  isRefusal(t, no, 'credentials-invalid')
  t.equal(yes.status, 201)
})

t.test('an account that somebody is changing keeps only its own log-in waiting', async t => {
  const place = await stage(t)
  const [changed, ...others] = await peopleOf(place)
  const held = await hold(t, place, 'SELECT FROM accounts WHERE id = $1 FOR UPDATE', [changed?.id])
  let isIn = false
  const later = place.call('/session', bodyFor(changed?.email ?? '')).then(answer => {
    isIn = true
    return answer
  })
  await untilWaiting(place, 1)
  const answers = await Promise.all(others.map(({ email }) => place.call('/session', bodyFor(email))))
  t.same(new Set(answers.map(({ status }) => status)), new Set([201]))
  t.notOk(isIn)
  await held.release()
  t.equal((await later).status, 201)
})
