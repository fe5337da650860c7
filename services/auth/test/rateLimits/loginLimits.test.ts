/** Log-in limits: guessing is stopped over all replicas, without locking out other users. */
import t from 'tap'
import { waitUntil } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, type HttpResponse, password, startService, type TestService } from '../helpers/service.ts'

const limits = { LOGIN_FAILURES: '4', ADDRESS_FAILURES: '8', TRUST_PROXY: 'loopback' }

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

t.test('log-in limit: counts wrong passwords over replicas, then refuses the right password too', async t => {
  const one = await startService(t, limits)
  const other = await startReplica(t, one)
  const { email } = await one.createUser()
  const calls = [one.call, other.call]
  const statuses = await tries(4, n => tryFrom(calls[n % 2] ?? one.call, '192.0.2.1', email))
  t.same(statuses, [401, 401, 401, 401])
  for (const call of calls) assertProblem(t, await tryFrom(call, '192.0.2.1', email), 'rate-limited')
  const right = await tryFrom(other.call, '192.0.2.1', email, password)
  assertProblem(t, right, 'rate-limited')
  const seconds = Number(right.headers.get('retry-after'))
  t.ok(seconds > 800 && seconds <= 900, `${seconds} s of the 15 minutes are left`)
})

t.test(
  'log-in limit: blocks neither the account from another address nor other accounts from the same address',
  async t => {
    const { call, createUser } = await startService(t, limits)
    const [ada, bob] = [await createUser(), await createUser()]
    await tries(5, () => tryFrom(call, '192.0.2.1', ada.email))
    t.equal((await tryFrom(call, '192.0.2.2', ada.email, password)).status, 201)
    t.equal((await tryFrom(call, '192.0.2.1', bob.email, password)).status, 201)
  },
)

t.test('log-in limit: stops an address that tries many accounts, existing or not', async t => {
  const { call, createUser } = await startService(t, limits)
  const { email } = await createUser()
  t.same(await tries(8, n => tryFrom(call, '192.0.2.1', `unknown${n}@example.org`)), Array(8).fill(401))
  assertProblem(t, await tryFrom(call, '192.0.2.1', email, password), 'rate-limited')
  assertProblem(t, await tryFrom(call, '192.0.2.1', 'nobody99@example.org'), 'rate-limited')
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
  const one = await startService(t, {
    ...limits,
    PASSWORD_THREADS: '1',
    PASSWORD_QUEUE: '50',
    ADDRESS_FAILURES: '1000',
  })
  const other = await startReplica(t, one)
  const { email } = await one.createUser()
  const burst = Array.from({ length: 40 }, (_, n) => tryFrom(n % 2 ? one.call : other.call, '192.0.2.1', email))
  const responses = await Promise.all(burst)
  t.equal(responses.filter(({ status }) => status === 401).length, 4, 'the limit of guesses was verified')
  for (const response of responses.filter(({ status }) => status !== 401)) assertProblem(t, response, 'rate-limited')
})

t.test('log-in limit: refuses the right password that arrives behind concurrent wrong ones', async t => {
  const { call, createUser, database } = await startService(t, {
    ...limits,
    PASSWORD_THREADS: '1',
    PASSWORD_QUEUE: '50',
    ADDRESS_FAILURES: '1000',
  })
  const { email } = await createUser()
  const guesses = Array.from({ length: 16 }, () => tryFrom(call, '192.0.2.1', email))
  // From now on the thread verifies them one by one, and the following guesses are queued before later requests.
  await waitUntil(async () => {
    const { rows } = await database.pool.query('SELECT FROM rate_limits')
    return rows.length > 0
  }, 'the first guess is counted')
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
  const { call, createUser, login } = await startService(t, limits)
  const ada = await createUser()
  const { accessToken: token } = await login(ada)
  const change = (currentPassword: string) =>
    call('/me/password', {
      method: 'PUT',
      token,
      body: { currentPassword, newPassword: 'a new and longer passphrase' },
    })
  for (let n = 0; n < 4; n += 1) assertProblem(t, await change(`a wrong guess ${n}`), 'credentials-invalid')
  assertProblem(t, await change(password), 'rate-limited')
})
