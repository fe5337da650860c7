/** Faults that users of other clients reported, 1 to 12: races, timers, other tabs and answers that are not about the session. */
import t from 'tap'
import { isProblem, type ProblemCode } from '../src/index.ts'
import { problemResponse } from '../src/testing.ts'
import { ada, bob, count, gate, renewCall, signedIn } from './helpers/tab.ts'

const lifeMs = 300_000

t.test('1 a tab that crashed during a renewal blocks no other tab', async t => {
  const { auth, first, open } = await signedIn(t)
  const second = open()
  for (const { page } of [first, second]) page.setVisible(false)
  await auth.clock.advance(lifeMs)
  auth.intercept = () => new Promise(() => {})
  first.fetch('https://api.test/').catch(() => {})
  await auth.clock.advance(1)
  auth.intercept = undefined
  t.equal((await second.fetch('https://api.test/')).status, 200)
})

t.test('2 a timer, a focus event and a request at the same moment cause one renewal', async t => {
  const { auth, first } = await signedIn(t)
  auth.clock.moveWall(lifeMs)
  const request = first.fetch('https://api.test/')
  first.page.wake()
  await auth.clock.advance(lifeMs * 0.86)
  t.equal((await request).status, 200)
  t.equal(count(auth, renewCall), 2, 'one for the doubtful clock, one ahead of expiry')
})

t.test('3 a subscriber may call the client and may throw', async t => {
  const { auth, first } = await signedIn(t)
  const answers: number[] = []
  t.capture(console, 'error')
  first.subscribe(() => {
    first.fetch('https://api.test/').then(({ status }) => answers.push(status))
    throw new Error('from a subscriber')
  })
  await first.signIn(ada)
  await auth.clock.advance(0)
  t.ok(answers.length > 0)
  t.ok(answers.every(status => status === 200))
})

for (const transport of ['body', 'cookie'] as const) {
  t.test(`4 a renewal that ends after sign-out does not sign in again: ${transport}`, async t => {
    const { auth, store, first, open } = await signedIn(t, transport)
    first.page.setVisible(false)
    await auth.clock.advance(lifeMs * 2)
    const held = gate()
    auth.intercept = ({ url }) => (url.endsWith('/renew') ? held.passed : undefined)
    const late = t.rejects(first.fetch('https://api.test/'), { code: 'session-changed' })
    await auth.clock.advance(1)
    await first.signOut()
    held.open()
    await late
    await auth.clock.advance(1)
    t.equal(first.getState().status, 'signed-out')
    t.notMatch(store.text, 'refresh')
    auth.intercept = undefined
    const reopened = open()
    t.equal(await reopened.token(), undefined)
  })
}

t.test('5 a slow answer of one user is not given to the next', async t => {
  const { auth, first } = await signedIn(t)
  const held = gate()
  auth.intercept = ({ url }) => (url.endsWith('/slow') ? held.passed : undefined)
  const slow = t.rejects(first.fetch('https://api.test/slow'), { code: 'session-changed' })
  await auth.clock.advance(1)
  await first.signIn(bob)
  held.open()
  await slow
  t.match(await (await first.fetch('https://api.test/')).json(), { email: bob.email })
})

t.test('6 a 401 that is not about the session is handed to the caller: no loop, no sign-out', async t => {
  const { auth, first } = await signedIn(t)
  auth.intercept = ({ url }) => (url.includes('api.test') ? new Response('no', { status: 401 }) : undefined)
  t.equal((await first.fetch('https://api.test/')).status, 401)
  t.same(auth.calls, ['GET /'])

  auth.intercept = ({ url }) => (url.includes('api.test') ? problemResponse('token-expired') : undefined)
  await t.rejects(first.fetch('https://api.test/'), { code: 'token-expired' })
  t.same(auth.calls, ['GET /', 'GET /', renewCall, 'GET /'])
  t.equal(first.getState().status, 'signed-in')
})

for (const transport of ['body', 'cookie'] as const) {
  t.test(`7 three tabs with one session renew at once without a lock: ${transport}`, async t => {
    const { auth, first, open } = await signedIn(t, transport)
    const tabs = [first, open(), open()]
    for (let expiry = 0; expiry < 5; expiry += 1) {
      for (const { page } of tabs) page.setVisible(false)
      await auth.clock.advance(lifeMs)
      const answers = await Promise.all(tabs.map(tab => tab.fetch('https://api.test/')))
      t.same(
        answers.map(({ status }) => status),
        [200, 200, 200],
      )
    }
    t.equal(auth.sessions.size, 1)
    t.ok([...auth.sessions.values()].every(({ why }) => why === undefined))
    t.ok(count(auth, renewCall) <= 5 * 3 + 2)
  })
}

t.test('8 errors of the server during a renewal keep the session, and an outage causes no storm', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  for (const status of [500, 501, 502, 520, 522, 524, 429]) {
    await auth.clock.advance(lifeMs)
    let failures = 2
    auth.intercept = ({ url }) =>
      url.endsWith('/renew') && failures-- > 0 ? new Response('<html>', { status }) : undefined
    const answer = first.fetch('https://api.test/')
    await auth.clock.advance(20_000)
    t.equal((await answer).status, 200, `after two answers of ${status}`)
  }
  await auth.clock.advance(lifeMs)
  auth.intercept = ({ url }) =>
    url.endsWith('/renew') ? problemResponse('overloaded', { headers: { 'retry-after': '60' } }) : undefined
  auth.calls.length = 0
  const refused = Array.from({ length: 100 }, () =>
    t.rejects(first.fetch('https://api.test/'), { code: 'unreachable' }),
  )
  await auth.clock.advance(50_000)
  await Promise.all(refused)
  await Promise.all(
    Array.from({ length: 100 }, () => t.rejects(first.fetch('https://api.test/'), { code: 'unreachable' })),
  )
  t.same(auth.calls, [renewCall], 'a pause of 60 s was asked for')
  t.match(first.getState(), { status: 'unreachable', sinceMs: Number })
  auth.intercept = undefined
  await auth.clock.advance(60_000)
  t.equal((await first.fetch('https://api.test/')).status, 200)
})

t.test('9 after a day of sleep the token is renewed before it is used', async t => {
  const { auth, first } = await signedIn(t)
  // The monotonic clock stopped, as it does in a suspended machine; the token has expired for the service.
  auth.clock.moveWall(24 * 3600 * 1000)
  t.equal((await first.fetch('https://api.test/')).status, 200)
  t.same(auth.calls, [renewCall, 'GET /'])
})

t.test('10 expiry is noticed on use when the timers of a background tab never run', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  await auth.clock.advance(lifeMs * 3)
  t.same(auth.calls, [], 'a hidden tab renews nothing')
  t.equal((await first.fetch('https://api.test/')).status, 200)
  t.same(auth.calls, [renewCall, 'GET /'])
})

t.test('11 fifteen requests at the moment of expiry share one renewal', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  await auth.clock.advance(lifeMs)
  const answers = await Promise.all(Array.from({ length: 15 }, () => first.fetch('https://api.test/')))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(count(auth, renewCall), 1)

  // The same when the services notice the expiry first.
  const refused = new Set<string | null>()
  auth.intercept = ({ url, headers }) => {
    if (url.includes('api.test') && refused.size === 0) refused.add(headers.get('authorization'))
    return refused.has(headers.get('authorization')) && headers.has('authorization')
      ? problemResponse('token-expired')
      : undefined
  }
  const repeated = await Promise.all(Array.from({ length: 15 }, () => first.fetch('https://api.test/')))
  t.ok(repeated.every(({ status }) => status === 200))
  t.equal(count(auth, renewCall), 2)
})

t.test('12 an error in one request delays no other', async t => {
  const { auth, first } = await signedIn(t)
  auth.intercept = ({ url }) => (url.endsWith('/broken') ? problemResponse('overloaded') : undefined)
  const broken = first.fetch('https://api.test/broken')
  t.equal((await first.fetch('https://api.test/')).status, 200)
  auth.intercept = undefined
  await auth.clock.advance(10_000)
  t.equal((await broken).status, 200)
})

t.test('13 every refusal is distinguishable by type', async t => {
  const { auth, first } = await signedIn(t)
  const fields = [{ field: 'body/email', reason: 'must be an address' }]
  auth.intercept = () => problemResponse('request-malformed', { fields })
  const error = await first.fetch('https://api.test/').catch(error => error)
  if (!isProblem(error, 'request-malformed')) throw error
  t.same(error.problem.fields, fields)
  const status: 400 = error.problem.status
  const action: 'stop' = error.problem.action
  t.same([status, action], [400, 'stop'])

  for (const code of ['conflict', 'insufficient-scope', 'not-found', 'precondition-failed'] satisfies ProblemCode[]) {
    auth.intercept = () => problemResponse(code)
    const refused = await first.fetch('https://api.test/').catch(error => error)
    t.ok(isProblem(refused, code))
    t.notOk(isProblem(refused, 'request-malformed'))
  }
  t.equal(first.getState().status, 'signed-in')
})
