/** Refused log-ins: nobody learns from one whether an account exists, and no honest person is turned away by a race. */

import type { Problem } from '@gatehouse/contract'
import { fakeClock } from '@gatehouse/testkit'
import { hash } from '@node-rs/argon2'
import t from 'tap'
import { createPasswords } from '../../src/passwords/passwords.ts'
import { createRenewalPriority } from '../../src/passwords/renewalPriority.ts'
import { waitUntil } from '../helpers/locks.ts'
import { assertProblem, type HttpResponse, password, startService } from '../helpers/service.ts'

/** All that a caller sees, without what differs from one request to the next. */
function presented({ status, headers, body }: HttpResponse) {
  const { requestId: _, ...problem } = body as Problem
  const kept = [...headers].filter(([name]) => name !== 'date')
  return { status, problem, headers: kept }
}

t.test('an unknown e-mail, a wrong password and a disabled account with a wrong one get the same answer', async t => {
  const { call, createUser, database } = await startService(t)
  const [ada, out] = [await createUser(), await createUser()]
  await database.pool.query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [out.id])
  const guess = (email: string) => call('/session', { body: { email, password: 'a wrong guess' } })
  const unknown = await guess('person9@example.org')
  assertProblem(t, unknown, 'credentials-invalid')
  t.equal(unknown.headers.get('www-authenticate'), 'Bearer realm="gatehouse"')
  t.same(presented(await guess(ada.email)), presented(unknown))
  t.same(presented(await guess(out.email)), presented(unknown))
  t.same(unknown.headers.getSetCookie(), [])
})

t.test('a disabled account with the right password is told so, and gets no session', async t => {
  const { call, createUser, database } = await startService(t)
  const { email, id } = await createUser()
  await database.pool.query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [id])
  const response = await call('/session', { body: { email, password } })
  assertProblem(t, response, 'account-disabled')
  t.same(response.headers.getSetCookie(), [])
  const { rows } = await database.pool.query('SELECT count(*)::int AS sessions FROM sessions')
  t.equal(rows[0].sessions, 0)
})

/** Nobody goes first. */
const equal = { renewalPriority: { isClaimed: () => false } }

t.test('a password is verified for an unknown e-mail too: it takes its turn in the queue like any other', async t => {
  const { call, createUser } = await startService(t, { PASSWORD_THREADS: '1', PASSWORD_QUEUE: '0' })
  const { email } = await createUser()
  const tries = Array.from({ length: 8 }, (_, n) =>
    call('/session', { body: { email: `unknown${n}@example.org`, password: 'x' } }),
  )
  const responses = await Promise.all([...tries, call('/session', { body: { email, password } })])
  const busy = responses.filter(({ status }) => status === 503)
  t.ok(busy.length > 0, 'the one thread was taken by those that nobody knows')
  for (const response of busy) assertProblem(t, response, 'overloaded')
})

t.test('a password that is nobody’s opens nothing, even the one that unknown e-mails are verified against', async t => {
  const passwords = createPasswords({ threads: 1, queue: 1, ...equal })
  t.teardown(passwords.close)
  t.equal(await passwords.verify('nobody has this password', undefined), false)
})

t.test('renewals go on while the queue for passwords is full', async t => {
  const { call, createUser, login } = await startService(t, { PASSWORD_THREADS: '1', PASSWORD_QUEUE: '3' })
  const ada = await createUser()
  let { refreshToken } = await login(ada)
  const flood = Array.from({ length: 30 }, () => call('/session', { body: { email: ada.email, password } }))
  for (let n = 0; n < 5; n += 1) {
    const renewed = await call('/session/renew', { body: { refreshToken } })
    t.equal(renewed.status, 200)
    refreshToken = (renewed.body as { refreshToken: string }).refreshToken
  }
  const refused = (await Promise.all(flood)).filter(({ status }) => status !== 201)
  t.ok(refused.length > 0)
  for (const response of refused) assertProblem(t, response, 'overloaded')
})

/** What OWASP asked for some years ago. */
const weak = { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 }

t.test('a hash with parameters of former years is replaced at the next log-in, and only then', async t => {
  const { call, createUser, database } = await startService(t)
  const { email, id } = await createUser()
  const stored = async () => {
    const { rows } = await database.pool.query('SELECT password_hash FROM accounts WHERE id = $1', [id])
    return rows[0].password_hash as string
  }
  await database.pool.query('UPDATE accounts SET password_hash = $1 WHERE id = $2', [await hash(password, weak), id])
  await call('/session', { body: { email, password: 'a wrong guess' } })
  t.match(await stored(), '$m=8192,')
  t.equal((await call('/session', { body: { email, password } })).status, 201)
  const replaced = await stored()
  t.match(replaced, '$argon2id$v=19$m=19456,t=2,p=1$')
  t.equal((await call('/session', { body: { email, password } })).status, 201)
  t.equal(await stored(), replaced)
})

t.test('of many log-ins that replace an old hash at once, none is turned away', async t => {
  const { call, createUser, database } = await startService(t)
  const { email, id } = await createUser()
  await database.pool.query('UPDATE accounts SET password_hash = $1 WHERE id = $2', [await hash(password, weak), id])
  const responses = await Promise.all(Array.from({ length: 8 }, () => call('/session', { body: { email, password } })))
  t.same(
    responses.map(({ status }) => status),
    Array(8).fill(201),
  )
})

t.test('the queue gives a turn to everybody in it, also after work that failed', async t => {
  const passwords = createPasswords({ threads: 2, queue: 20, ...equal })
  t.teardown(passwords.close)
  const good = await passwords.hash(password)
  let done = 0
  const work = Array.from({ length: 20 }, (_, n) =>
    passwords.verify(password, n % 2 === 0 ? good : 'no hash at all').then(
      isRight => {
        done += 1
        return isRight
      },
      () => {
        done += 1
        return false
      },
    ),
  )
  await waitUntil(() => done === 20, 'all had their turn')
  t.equal((await Promise.all(work)).filter(Boolean).length, 10)
})

t.test('while renewals come in, a core is left to them, and otherwise every thread hashes', async t => {
  const clock = fakeClock({ wallMs: 0 })
  const way = createRenewalPriority(clock)
  const passwords = createPasswords({ threads: 2, cores: 2, queue: 0, renewalPriority: way })
  t.teardown(passwords.close)
  const both = async () => {
    const tries = await Promise.allSettled([passwords.hash(password), passwords.hash(password)])
    return tries.filter(({ status }) => status === 'fulfilled').length
  }
  t.equal(await both(), 2)
  way.claim()
  t.equal(await both(), 1)
  await clock.advance(250)
  t.equal(await both(), 2)
})
