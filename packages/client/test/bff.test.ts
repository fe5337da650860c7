/** `/bff` in a server that renders pages, against the real auth service. */
import { createServer } from 'node:http'
import { systemOf } from '@gatehouse/e2e'
import { listenOnLoopback } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Bff, createBff } from '../src/bff.ts'
import { createTestAuth } from '../src/testing.ts'
import { ada } from './helpers/tab.ts'

const secret = 'a secret of the test, long enough for it'

/** Renders a page from an answer of an API, as a framework would. */
async function renderer(t: Test, bff: Bff, api: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const session = bff.open(request.headers.cookie)
    if (request.url === '/sign-in') await session.signIn(ada)
    if (request.url === '/sign-out') await session.signOut()
    const answer = await session.fetch(api).catch(error => error)
    const text = answer instanceof Response ? await answer.text() : answer.code
    response.writeHead(200, { 'set-cookie': session.setCookie() }).end(`<p>${text}</p>`)
  })
  return listenOnLoopback(server, t.teardown)
}

async function get(url: string, cookie = '') {
  const response = await fetch(url, { headers: { cookie } })
  const [line = ''] = response.headers.getSetCookie()
  return { text: await response.text(), cookie: line.split(';')[0] ?? '', line }
}

t.test('ten parallel requests at expiry: one renewal, no cookie lost, and the next page goes on', async t => {
  const env = { ACCESS_TOKEN_SECONDS: '60', RETRY_WINDOW_MS: '0' }
  const system = await systemOf(t, { resources: 1, env })
  await system.createAccount(ada.email)
  const renewals: string[] = []
  let movedMs = 0
  const clock = {
    nowMs: () => performance.now() + movedMs,
    wallMs: () => Date.now() + movedMs,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => clearTimeout(timer))
      }),
  }
  const counted: typeof fetch = (input, init) => {
    if (`${input}`.endsWith('/renew')) renewals.push(new Headers(init?.headers).get('idempotency-key') ?? '')
    return fetch(input, init)
  }
  const api = `${system.resources[0]?.url}/storage`
  // Two processes that share nothing but the secret.
  const options = { auth: system.issuer, origins: [new URL(api).origin], secret, clock, fetch: counted }
  const first = await renderer(t, createBff(options), api)
  const second = await renderer(t, createBff(options), api)

  const { cookie, text, line } = await get(`${first}/sign-in`)
  t.match(text, 'timber')
  t.match(line, /^__Host-gatehouse=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax/)
  t.ok(cookie.length < 2000)
  t.notMatch(Buffer.from(cookie.split('=')[1] ?? '', 'base64url').toString('latin1'), 'ghr_')

  movedMs += 61_000
  const pages = await Promise.all(Array.from({ length: 10 }, () => get(first, cookie)))
  t.ok(pages.every(page => page.text.includes('timber')))
  t.ok(
    pages.every(page => page.cookie !== ''),
    'each answer carries the successor',
  )
  t.equal(renewals.length, 1)
  const next = pages[9]?.cookie ?? ''
  t.match(await get(second, next), { text: /timber/, cookie: '' }, 'another process uses the stored access token')

  movedMs += 61_000
  const both = await Promise.all([first, second, first, second].map(url => get(url, next)))
  t.ok(both.every(page => page.text.includes('timber')))
  t.ok(renewals.length <= 3, 'one renewal for each process')
  t.equal(new Set(renewals.slice(1)).size, 1, 'with the same key')

  const out = await get(`${second}/sign-out`, both[1]?.cookie)
  t.match(out.line, 'Max-Age=0')
  t.match(await get(first, both[1]?.cookie), { text: /session-ended/, line: /Max-Age=0/ })
})

t.test('a cookie that this server did not write counts as none', async t => {
  const auth = createTestAuth({ accounts: [ada] })
  const bff = createBff({ auth: auth.url, secret, fetch: auth.fetch, clock: auth.clock })
  for (const value of ['', 'x', Buffer.alloc(60).toString('base64url')]) {
    const session = bff.open(`a=b; __Host-gatehouse=${value}`)
    t.equal(await session.token(), undefined)
    t.same(session.setCookie(), [])
  }
  t.throws(() => createBff({ auth: auth.url, secret: 'short' }))
})
