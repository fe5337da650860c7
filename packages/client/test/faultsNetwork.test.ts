/** Faults that users of other clients reported, 14 to 23: the network, early renewals, crashes, sign-out and storage. */
import t from 'tap'
import { problemResponse } from '../src/testing.ts'
import { ada, browser, count, gate, renewCall, signedIn } from './helpers/tab.ts'

const lifeMs = 300_000
const api = 'https://api.test/'
const isRenewal = ({ url }: Request) => url.endsWith('/renew')

t.test('14 offline, failing DNS and a captive portal keep the session', async t => {
  const failures = {
    offline: () => {
      throw new TypeError('Failed to fetch')
    },
    'failing DNS': () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } })
    },
    'captive portal, 200': () =>
      new Response('<html>log in to the airport', { headers: { 'content-type': 'text/html' } }),
    'captive portal, 401': () => new Response('<html>log in to the airport', { status: 401 }),
    'JSON of another API': () => Response.json({ code: 'session-ended', action: 'login' }, { status: 401 }),
  }
  for (const [name, fail] of Object.entries(failures)) {
    const { auth, first } = await signedIn(t)
    first.page.setVisible(false)
    await auth.clock.advance(lifeMs)
    auth.intercept = fail
    const refused = t.rejects(first.fetch(api), { code: 'unreachable' }, name)
    await auth.clock.advance(60_000)
    await refused
    t.equal(first.getState().status, 'unreachable', name)
    auth.intercept = undefined
    first.page.setVisible(true)
    t.equal((await first.fetch(api)).status, 200, name)
    t.equal(first.getState().status, 'signed-in', name)
  }
})

t.test('15 a renewal that fails offline emits no empty token and keeps the refresh token', async t => {
  const { auth, store, first } = await signedIn(t)
  first.page.setVisible(false)
  const before = JSON.parse(store.text)
  await auth.clock.advance(lifeMs)
  auth.intercept = () => Response.error()
  const tokens = t.rejects(first.token(), { code: 'unreachable' })
  await auth.clock.advance(60_000)
  await tokens
  t.equal(JSON.parse(store.text).refreshToken, before.refreshToken)
  t.same(
    first.states.map(({ status }) => status),
    ['signed-in', 'unreachable'],
  )
})

t.test('16 an early renewal that fails keeps the token that is still valid', async t => {
  const { auth, first } = await signedIn(t)
  auth.intercept = request => (isRenewal(request) ? problemResponse('unavailable') : undefined)
  await auth.clock.advance(lifeMs * 0.95)
  t.ok(count(auth, renewCall) > 0)
  t.equal((await first.fetch(api)).status, 200)
  t.equal(first.getState().status, 'signed-in')
})

t.test('17 a focus event at the tick of the timer causes one renewal', async t => {
  const { auth, first } = await signedIn(t)
  const held = gate()
  auth.intercept = request => (isRenewal(request) ? held.passed : undefined)
  await auth.clock.advance(lifeMs * 0.86)
  first.page.wake()
  first.page.wake()
  held.open()
  await auth.clock.advance(1)
  first.page.wake()
  await auth.clock.advance(1)
  t.equal(count(auth, renewCall), 1)
})

t.test('18 a crash leaves no flag behind: the next start renews', async t => {
  const { auth, store, first, open } = await signedIn(t)
  first.page.setVisible(false)
  await auth.clock.advance(lifeMs)
  const during: string[] = []
  auth.intercept = () => {
    during.push(store.text)
    return new Promise(() => {})
  }
  first.fetch(api).catch(() => {})
  await auth.clock.advance(1)
  first.close()
  auth.intercept = undefined
  t.same(Object.keys(JSON.parse(during[0] ?? '')).sort(), Object.keys(JSON.parse(store.text)).sort())
  t.equal((await open().fetch(api)).status, 200)
})

t.test('19 a client that is killed at any await of a renewal renews after hours', async t => {
  // Steps: reads and writes of the store, and both sides of each call. From a step on, nothing of the client has any effect.
  for (let killAt = 1; killAt < 12; killAt += 1) {
    const { auth, store, first } = await signedIn(t)
    first.close()
    await auth.clock.advance(lifeMs)
    let steps = 0
    const step = () => (++steps >= killAt ? new Promise<never>(() => {}) : undefined)
    const dying = browser({ auth })
    const fetch = auth.browser()
    const victim = dying.tab({
      page: null,
      store: {
        read: async () => (await step()) ?? store.text,
        write: async text => {
          await step()
          store.write(text)
          await step()
        },
      },
      fetch: async (input, init) => {
        await step()
        const response = await fetch(input, init)
        await step()
        return response
      },
    })
    victim.fetch(api).catch(() => {})
    await auth.clock.advance(1)
    victim.close()
    await auth.clock.advance(5 * 3600 * 1000)
    const next = browser({ auth }).tab({ page: null, store, fetch })
    t.equal((await next.fetch(api)).status, 200, `killed at step ${killAt}`)
    t.ok(
      [...auth.sessions.values()].every(({ why }) => why === undefined),
      `killed at step ${killAt}`,
    )
    next.close()
  }
})

t.test('20 ten parallel renewals with one cookie lead to one successor', async t => {
  const { auth, first } = await signedIn(t, 'cookie')
  first.close()
  // Ten renders on a server that share nothing but the cookie; `bff.test.ts` has the same with one process.
  const { tab } = browser({ auth })
  const [session] = auth.sessions.values()
  const fetch = auth.browser()
  const tabs = Array.from({ length: 10 }, () => tab({ fetch, channel: null, page: null }))
  await tabs[0]?.signIn(ada)
  await auth.clock.advance(lifeMs)
  const answers = await Promise.all(tabs.map(each => each.fetch(api)))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(session?.why, undefined)
  t.equal([...auth.sessions.values()][1]?.generation, 1)
})

t.test('21 aborting one waiter does not abort the renewal of the others', async t => {
  const { auth, first } = await signedIn(t)
  first.page.setVisible(false)
  await auth.clock.advance(lifeMs)
  const held = gate()
  auth.intercept = request => (isRenewal(request) ? held.passed : undefined)
  const leaving = new AbortController()
  const aborted = t.rejects(first.fetch(api, { signal: leaving.signal }), { name: 'AbortError' })
  const staying = first.fetch(api)
  await auth.clock.advance(1)
  leaving.abort()
  await aborted
  held.open()
  t.equal((await staying).status, 200)
  t.equal(count(auth, renewCall), 1)
})

for (const transport of ['body', 'cookie'] as const) {
  t.test(`22 a sign-out while offline holds across a reload and reaches the service later: ${transport}`, async t => {
    const { auth, first, open } = await signedIn(t, transport)
    auth.intercept = () => Response.error()
    await first.signOut()
    t.match(first.getState(), { status: 'signed-out', why: 'signed-out' })
    first.close()
    auth.intercept = undefined
    const next = open()
    t.equal(await next.token(), undefined)
    await auth.clock.advance(1)
    t.match(next.getState(), { status: 'signed-out', why: 'signed-out' })
    t.equal([...auth.sessions.values()][0]?.why, 'session-ended')
    await next.signIn(ada)
    t.equal((await next.fetch(api)).status, 200)
  })
}

t.test('23 storage that throws: sign-in, requests and renewals still succeed', async t => {
  const refuse = (): never => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
  }
  for (const store of [
    { read: refuse, write: refuse },
    { read: () => null, write: refuse },
  ]) {
    const { auth, tab, close } = browser()
    t.teardown(close)
    const only = tab({ store })
    await only.signIn(ada)
    for (let expiry = 0; expiry < 3; expiry += 1) {
      await auth.clock.advance(lifeMs * 1.1)
      t.equal((await only.fetch(api)).status, 200)
    }
    await only.signOut()
    t.equal(await only.token(), undefined)
  }

  // The quota is exhausted later: the token in the store must still lead to the session after a crash.
  const { auth, store, first, open } = await signedIn(t)
  const { write } = store
  store.write = refuse
  for (let expiry = 0; expiry < 3; expiry += 1) {
    await auth.clock.advance(lifeMs * 1.1)
    t.equal((await first.fetch(api)).status, 200)
  }
  first.close()
  store.write = write
  await auth.clock.advance(5 * 3600 * 1000)
  t.equal((await open().fetch(api)).status, 200)
})
