/** Log-in limits: guessing is stopped over all replicas, without locking out other users. */
import { type HttpResponse, until } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password, startService, type TestService } from '../helpers/service.ts'

const limits = { LOGIN_FAILURES: '4', ADDRESS_FAILURES: '8', TRUST_PROXY: 'loopback' }
const oneThread = { ...limits, PASSWORD_THREADS: '1', PASSWORD_QUEUE: '50', ADDRESS_FAILURES: '1000' }

/** A log-in attempt through the gateway, from the given address. */
function tryFrom(
  call: TestService['call'],
  address: string,
  email: string,
  guess = 'a wrong guess',
): Promise<HttpResponse> {
  return call('/session', { body: { email, password: guess }, headers: { 'x-forwarded-for': address } })
}

async function tries(count: number, act: (n: number) => Promise<HttpResponse>): Promise<number[]> {
  const statuses: number[] = []
  for (let n = 0; n < count; n += 1) statuses.push((await act(n)).status)
  return statuses
}

function isLimitedFor15Minutes(t: Test, response: HttpResponse): void {
  assertProblem(t, response, 'rate-limited')
  const seconds = Number(response.headers.get('retry-after'))
  t.ok(seconds > 800 && seconds <= 900, `${seconds} s are left`)
}

function deviceCookie({ headers }: HttpResponse): string {
  return (
    headers
      .getSetCookie()
      .find(cookie => cookie.includes('-device-'))
      ?.split(';')[0] ?? ''
  )
}

/** Logs in a new user. @returns a function that changes the password */
async function startChange(t: Test) {
  const { call, createUser, login } = await startService(t, limits)
  const { accessToken: token } = await login(await createUser())
  return (currentPassword: string, newPassword = 'a new and longer passphrase') =>
    call('/me/password', { method: 'PUT', token, body: { currentPassword, newPassword } })
}

t.test('log-in limit: counts wrong passwords over replicas, then refuses the right password too', async t => {
  const one = await startService(t, limits)
  const other = await startReplica(t, one)
  const { email } = await one.createUser()
  const calls = [one.call, other.call]
  const statuses = await tries(4, n => tryFrom(calls[n % 2] ?? one.call, '192.0.2.1', email))
  t.same(statuses, [401, 401, 401, 401])
  for (const call of calls) assertProblem(t, await tryFrom(call, '192.0.2.1', email), 'rate-limited')
  isLimitedFor15Minutes(t, await tryFrom(other.call, '192.0.2.1', email, password))
})

t.test('log-in limit: a replica whose clock is an hour ahead or behind counts in the same window', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  await tries(4, () => tryFrom(call, '192.0.2.1', email))
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  for (const offsetMs of [3_600_000, -3_600_000]) {
    Date.now = () => now() + offsetMs
    isLimitedFor15Minutes(t, await tryFrom(call, '192.0.2.1', email, password))
  }
})

t.test('log-in limit: blocks neither the account elsewhere nor other accounts from the same address', async t => {
  const { call, createUser } = await startService(t, limits)
  const [ada, bob] = [await createUser(), await createUser()]
  await tries(5, () => tryFrom(call, '192.0.2.1', ada.email))
  t.equal((await tryFrom(call, '192.0.2.2', ada.email, password)).status, 201)
  t.equal((await tryFrom(call, '192.0.2.1', bob.email, password)).status, 201)
})

t.test('log-in limit: stops an address that tries many accounts, existing or not', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  t.same(await tries(8, n => tryFrom(call, '192.0.2.1', `unknown${n}@example.org`)), Array(8).fill(401))
  // Six attempts per minute are still verified: right passwords get in slowly.
  t.same(await tries(6, n => tryFrom(call, '192.0.2.1', `slow${n}@example.org`)), Array(6).fill(401))
  assertProblem(t, await tryFrom(call, '192.0.2.1', email, password), 'rate-limited')
  assertProblem(t, await tryFrom(call, '192.0.2.1', 'unknown99@example.org'), 'rate-limited')
  t.equal((await tryFrom(call, '192.0.2.2', email, password)).status, 201)
})

t.test('log-in limit: does not reveal whether an account exists', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  const known = await tries(6, () => tryFrom(call, '192.0.2.1', email))
  const unknown = await tries(6, () => tryFrom(call, '192.0.2.2', 'unknown@example.org'))
  t.same(known, unknown)
})

t.test('log-in limit: counts all spellings of an e-mail address together', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  const spellings = [email, email.toUpperCase(), email.replace('person', 'Person'), email.replace('p', '\uff50')]
  t.same(await tries(4, n => tryFrom(call, '192.0.2.1', spellings[n] ?? email)), [401, 401, 401, 401])
  assertProblem(t, await tryFrom(call, '192.0.2.1', email.replace('@', '@E').replace('Ee', 'E')), 'rate-limited')
})

t.test('log-in limit: counts an IPv6 /64 network as one address, in any spelling', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  const same = ['2001:db8:1:2::1', '2001:DB8:1:2::2', '2001:db8:1:2:a:b:c:d', '2001:0db8:0001:0002::9']
  await tries(4, n => tryFrom(call, same[n] ?? '', email))
  assertProblem(t, await tryFrom(call, '2001:db8:1:2::77', email, password), 'rate-limited')
  t.equal((await tryFrom(call, '2001:db8:1:3::1', email, password)).status, 201, 'the neighbouring network')

  const short = ['2001:db8::1', '2001:db8::2', '2001:db8::3:4', '2001:db8:0:0:5::']
  await tries(4, n => tryFrom(call, short[n] ?? '', email))
  assertProblem(t, await tryFrom(call, '2001:db8::ffff', email, password), 'rate-limited')

  const middle = ['2001::1:2:3:4:5:6', '2001:0:1:2::3', '2001:0:1:2:0:0:0:7', '2001::1:2:9:9:9:9']
  await tries(4, n => tryFrom(call, middle[n] ?? '', email))
  assertProblem(t, await tryFrom(call, '2001:0:1:2::8', email, password), 'rate-limited')

  const mapped = ['::ffff:192.0.2.9', '192.0.2.9', '::FFFF:192.0.2.9', '192.0.2.9']
  await tries(4, n => tryFrom(call, mapped[n] ?? '', email))
  assertProblem(t, await tryFrom(call, '192.0.2.9', email, password), 'rate-limited')
})

t.test('log-in limit: concurrent guesses get no more answers than sequential ones', async t => {
  const one = await startService(t, oneThread)
  const other = await startReplica(t, one)
  const { email } = await one.createUser()
  const burst = Array.from({ length: 40 }, (_, n) => tryFrom(n % 2 ? one.call : other.call, '192.0.2.1', email))
  const responses = await Promise.all(burst)
  t.equal(responses.filter(({ status }) => status === 401).length, 4, 'the limit of guesses was verified')
  for (const response of responses.filter(({ status }) => status !== 401)) assertProblem(t, response, 'rate-limited')
})

t.test('log-in limit: refuses the right password that arrives behind concurrent wrong ones', async t => {
  const { call, createUser, query } = await startService(t, oneThread)
  const { email } = await createUser()
  const guesses = Array.from({ length: 16 }, () => tryFrom(call, '192.0.2.1', email))
  // From now on the thread verifies them one by one, and the following guesses are queued before later requests.
  await until(async () => (await query('SELECT FROM rate_limits')).length > 0, 'the first guess is counted')
  assertProblem(t, await tryFrom(call, '192.0.2.1', email, password), 'rate-limited')
  await Promise.all(guesses)
})

t.test('log-in limit: trusts X-Forwarded-For only from the gateway', async t => {
  const { call, createUser } = await startService(t, { ...limits, TRUST_PROXY: '' })
  const { email } = await createUser()
  await tries(4, n => tryFrom(call, `192.0.2.${n}`, email))
  assertProblem(t, await tryFrom(call, '192.0.2.99', email, password), 'rate-limited')
})

t.test('password change: wrong current passwords are limited as at log-in', async t => {
  const change = await startChange(t)
  for (let n = 0; n < 4; n += 1) assertProblem(t, await change(`a wrong guess ${n}`), 'password-wrong')
  assertProblem(t, await change(password), 'rate-limited')
})

t.test('password change: of 64 concurrent guesses only the limit is verified; the right one is refused', async t => {
  const change = await startChange(t)
  const guesses = Array.from({ length: 63 }, (_, n) => change(`a wrong guess ${n}`))
  const right = change(password)
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  t.equal(statuses.filter(status => status === 403).length, 4)
  assertProblem(t, await right, 'rate-limited')
})

t.test('password change: verifies only the current password of a request', async t => {
  const change = await startChange(t)
  assertProblem(t, await change('a wrong guess', password), 'password-wrong')
})

t.test('log-in: every verified password is counted and audited, whatever the response', async t => {
  const { call, createUser, query } = await startService(t, { ...limits, LOGIN_FAILURES: '3' })
  const ada = await createUser()
  const unexpected = { email: ada.email, password, newPassword: 'a password that is not asked for' }
  for (let n = 0; n < 3; n += 1) assertProblem(t, await call('/session', { body: unexpected }), 'request-malformed')
  assertProblem(t, await call('/session', { body: unexpected }), 'rate-limited')

  const bob = await createUser()
  await query('UPDATE accounts SET must_change_password = true WHERE id = $1', [bob.id])
  const same = { email: bob.email, password, newPassword: password.normalize('NFD') }
  assertProblem(t, await call('/session', { body: { email: bob.email, password } }), 'password-change-required')
  assertProblem(t, await call('/session', { body: same }), 'request-malformed')
  const rows = await query(
    `SELECT target, outcome, count(*)::int FROM audit_entries WHERE action = 'session.start' GROUP BY 1, 2 ORDER BY 1, 2`,
  )
  t.strictSame(
    new Set(rows.map(row => `${row.target === ada.id ? 'ada' : 'bob'} ${row.outcome} ${row.count}`)),
    new Set([
      'ada rate-limited 1',
      'ada request-malformed 3',
      'bob password-change-required 1',
      'bob request-malformed 1',
    ]),
  )
})

t.test('log-in limit: a known device and a known network get in past the limit of the address', async t => {
  const { call, createUser } = await startService(t, { ...limits, ADDRESS_FAILURES: '4' })
  const [ada, bob] = [await createUser(), await createUser()]
  const fromHere = { 'x-forwarded-for': '192.0.2.1' }
  const first = await tryFrom(call, '198.51.100.1', ada.email, password)
  const device = deviceCookie(first)
  t.match(
    first.headers.getSetCookie().join(),
    /-device-[0-9a-f]{8}=ghd_[^;]+; Max-Age=\d+; Path=\/session; HttpOnly; Secure/,
  )
  t.equal((await tryFrom(call, '192.0.2.1', bob.email, password)).status, 201)

  await tries(10, n => tryFrom(call, '192.0.2.1', `unknown${n}@example.org`))
  assertProblem(t, await tryFrom(call, '192.0.2.1', ada.email, password), 'rate-limited')
  const withDevice = { body: { email: ada.email, password }, headers: { ...fromHere, cookie: device } }
  const forged = { ...withDevice, headers: { ...fromHere, cookie: `${device.slice(0, -2)}xx` } }
  assertProblem(t, await call('/session', forged), 'rate-limited')
  t.equal((await call('/session', withDevice)).status, 201, 'a known device')
  t.equal((await tryFrom(call, '192.0.2.1', bob.email, password)).status, 201, 'a known network')

  const foreign = { body: { email: bob.email, password: 'a wrong guess' }, headers: { ...fromHere, cookie: device } }
  t.equal((await call('/session', foreign)).status, 401, 'the device of one account says nothing of another')
})

t.test('log-in limit: beyond the ceiling of an account only known devices and reset codes get in', async t => {
  const service = await startService(t, { ...limits, LOGIN_FAILURES: '5', ACCOUNT_FAILURES: '10' })
  const { call, createUser, login, query } = service
  const ada = await createUser()
  const admin = await login(await createUser({ roles: ['admin'] }))
  const cookie = deviceCookie(await call('/session', { body: { email: ada.email, password } }))
  for (const email of [ada.email, 'unknown@example.org']) {
    await tries(10, n => tryFrom(call, `192.0.2.${n}`, email))
    assertProblem(t, await tryFrom(call, '198.51.100.9', email, password), 'known-device-required')
  }
  const issue = () => call(`/admin/users/${ada.id}/password/reset-code`, { token: admin.accessToken, body: {} })
  const { code } = (await issue()).body as { code: string }
  const byCode = { email: ada.email, password: code, newPassword: 'a password after the attack' }
  t.equal((await call('/session', { body: byCode })).status, 201, 'a reset code')

  await tries(10, n => tryFrom(call, `203.0.113.${n}`, ada.email))
  const known = { body: { email: ada.email, password: 'a password after the attack' }, headers: { cookie } }
  t.equal((await call('/session', known)).status, 201, 'a known device')
  t.ok((await query(`SELECT FROM rate_limits WHERE key LIKE 'login-account%'`)).length >= 1)
})
