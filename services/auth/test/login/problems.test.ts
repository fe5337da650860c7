/** Refused log-ins: they do not reveal whether an account exists, and races refuse no valid log-in. */

import { systemClock } from '@gatehouse/clock'
import { type Problem, ProblemError } from '@gatehouse/contract'
import { fakeClock, type HttpResponse } from '@gatehouse/testkit'
import { hash } from '@node-rs/argon2'
import t from 'tap'
import { lifetimesOf, readConfig } from '../../src/config.ts'
import { readRefreshKeys } from '../../src/keys/refreshKeys.ts'
import { login } from '../../src/login/login.ts'
import { createPasswordHasher } from '../../src/passwords/passwords.ts'
import { createRenewalPriority } from '../../src/passwords/renewalPriority.ts'
import { createRateLimits } from '../../src/rateLimits/rateLimits.ts'
import { createLoginBatch } from '../../src/store/loginBatch.ts'
import { assertProblem, password, startService } from '../helpers/service.ts'

/** What the client sees, without the parts that differ between requests. */
function presented({ status, headers, body }: HttpResponse) {
  const { requestId: _, ...problem } = body as Problem
  const kept = [...headers].filter(([name]) => name !== 'date')
  return { status, problem, headers: kept }
}

t.test('log-in: an unknown e-mail, a wrong password, and one of a disabled account are answered alike', async t => {
  const { call, createUser, query } = await startService(t)
  const [ada, out] = [await createUser(), await createUser()]
  await query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [out.id])
  const guess = (email: string) => call('/session', { body: { email, password: 'a wrong guess' } })
  const unknown = await guess('user9@example.org')
  assertProblem(t, unknown, 'credentials-invalid')
  t.equal(unknown.headers.get('www-authenticate'), 'Bearer realm="gatehouse"')
  t.same(presented(await guess(ada.email)), presented(unknown))
  t.same(presented(await guess(out.email)), presented(unknown))
  t.same(unknown.headers.getSetCookie(), [])
})

t.test('log-in: answers account-disabled to the right password of a disabled account, without a session', async t => {
  const { call, createUser, query } = await startService(t)
  const { email, id } = await createUser()
  await query('UPDATE accounts SET disabled_at = now() WHERE id = $1', [id])
  const response = await call('/session', { body: { email, password } })
  assertProblem(t, response, 'account-disabled')
  t.same(response.headers.getSetCookie(), [])
  const rows = await query('SELECT count(*)::int AS sessions FROM sessions')
  t.equal(rows[0].sessions, 0)
})

/** No renewals are running. */
const equal = { renewalPriority: { isClaimed: () => false } }

t.test('log-in: verifies a password for an unknown e-mail too, through the same queue', async t => {
  const { call, createUser } = await startService(t, { PASSWORD_THREADS: '1', PASSWORD_QUEUE: '0' })
  const { email } = await createUser()
  const tries = Array.from({ length: 8 }, (_, n) =>
    call('/session', { body: { email: `unknown${n}@example.org`, password: 'x' } }),
  )
  const responses = await Promise.all([...tries, call('/session', { body: { email, password } })])
  const busy = responses.filter(({ status }) => status === 503)
  t.ok(busy.length > 0, 'the thread was busy with the unknown e-mails')
  for (const response of busy) assertProblem(t, response, 'overloaded')
})

t.test('passwords: verify returns false without a stored hash, even for the password of the dummy hash', async t => {
  const passwords = createPasswordHasher({ threads: 1, queue: 1, ...equal })
  t.teardown(passwords.close)
  t.equal(await passwords.verify('password of the dummy hash', undefined), false)
})

t.test('renew: succeeds while the password queue is full', async t => {
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

/** Parameters that OWASP recommended in earlier years. */
const weak = { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 }

t.test('log-in: replaces a hash with outdated parameters once', async t => {
  const { call, createUser, query } = await startService(t)
  const { email, id } = await createUser()
  const stored = async () => {
    const rows = await query('SELECT password_hash FROM accounts WHERE id = $1', [id])
    return rows[0].password_hash as string
  }
  await query('UPDATE accounts SET password_hash = $1 WHERE id = $2', [await hash(password, weak), id])
  await call('/session', { body: { email, password: 'a wrong guess' } })
  t.match(await stored(), '$m=8192,')
  t.equal((await call('/session', { body: { email, password } })).status, 201)
  const replaced = await stored()
  t.match(replaced, '$argon2id$v=19$m=19456,t=2,p=1$')
  t.equal((await call('/session', { body: { email, password } })).status, 201)
  t.equal(await stored(), replaced)
})

t.test('log-in: concurrent log-ins that replace an outdated hash all succeed', async t => {
  const { call, createUser, query } = await startService(t)
  const { email, id } = await createUser()
  await query('UPDATE accounts SET password_hash = $1 WHERE id = $2', [await hash(password, weak), id])
  const responses = await Promise.all(Array.from({ length: 8 }, () => call('/session', { body: { email, password } })))
  const statuses = responses.map(({ status }) => status)
  t.same(statuses, Array(8).fill(201))
})

t.test('passwords: every queued job runs, also after a failed one', async t => {
  const passwords = createPasswordHasher({ threads: 2, queue: 20, ...equal })
  t.teardown(passwords.close)
  const good = await passwords.hash(password)
  const work = Array.from({ length: 20 }, (_, n) => passwords.verify(password, n % 2 === 0 ? good : 'no hash at all'))
  const ends = await Promise.allSettled(work)
  t.equal(ends.filter(end => end.status === 'fulfilled' && end.value).length, 10)
})

t.test('passwords: leaves one core free while renewals arrive, and uses every thread otherwise', async t => {
  const clock = fakeClock({ wallMs: 0 })
  const way = createRenewalPriority(clock)
  const passwords = createPasswordHasher({ threads: 2, cores: 2, queue: 0, renewalPriority: way })
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

t.test('log-in: a right password whose replacement finds the queue full is counted and audited', async t => {
  const { createUser, database, query, environment } = await startService(t)
  const ada = await createUser()
  await query('UPDATE accounts SET must_change_password = true WHERE id = $1', [ada.id])
  const hasher = createPasswordHasher({ threads: 1, queue: 20, ...equal })
  t.teardown(hasher.close)
  const full = async () => {
    throw new ProblemError('overloaded', 'the queue is full')
  }
  const loginBatch = createLoginBatch(database.rawSql, systemClock)
  const config = readConfig({ ...environment, LOGIN_FAILURES: '2' })
  const limits = createRateLimits(config, { database, logins: loginBatch, clock: systemClock })
  const deps = {
    db: database.prisma,
    loginBatch,
    limits: limits.passwords,
    endSurplusSessions: async () => undefined,
    refreshKeys: readRefreshKeys(config.REFRESH_KEYS),
    lifetimes: lifetimesOf(config),
    passwords: { ...hasher, hash: full, requireAcceptable: () => undefined },
  }
  const client = { address: '192.0.2.1', userAgent: null, requestId: 'request-1', devices: [] }
  const request = { email: ada.email, password, newPassword: 'a new and longer passphrase' }
  const attempt = () => login(deps, request, client)
  await t.rejects(attempt(), { code: 'overloaded' })
  await t.rejects(attempt(), { code: 'overloaded' })
  await t.rejects(attempt(), { code: 'rate-limited' })
  const rows = await query('SELECT outcome FROM audit_entries WHERE target = $1 ORDER BY id', [ada.id])
  const outcomes = rows.map(({ outcome }) => outcome)
  t.strictSame(outcomes, ['overloaded', 'overloaded', 'rate-limited'])

  await query('UPDATE accounts SET must_change_password = false, password_hash = $1', [await hash(password, weak)])
  const started = await login(deps, { email: ada.email, password }, { ...client, address: '192.0.2.2' })
  t.equal(started.contents.accountId, ada.id, 'an outdated hash that cannot be replaced now delays no log-in')
})
