/** Renewal and log-out by cookie: copies, other sites, and when the cookie goes. */
import { pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { hold } from '../helpers/locks.ts'
import { replica } from '../helpers/replicas.ts'
import { type HttpResponse, isRefusal, type Session, type Stage, stage } from '../helpers/service.ts'
import { generationOf } from '../helpers/tokens.ts'

const name = '__Secure-gatehouse'

function byCookie(
  { call }: Pick<Stage, 'call'>,
  tokens: string[],
  { method = 'POST', path = '/session/renew', headers = {} }: { method?: string; path?: string; headers?: object } = {},
): Promise<HttpResponse> {
  const cookie = ['theme=dark', ...tokens.map(token => `${name}=${token}`), 'other=1'].join('; ')
  return call(path, { method, headers: { cookie, ...headers } })
}

const logOut = { method: 'DELETE', path: '/session' }

/** The refresh token that the answer sets; '' when it takes the cookie away, undefined when it leaves it alone. */
function cookieSet(answer: HttpResponse): string | undefined {
  const [cookie, ...others] = answer.headers.getSetCookie()
  if (others.length > 0) throw new Error('more than one cookie')
  return cookie?.match(/^__Secure-gatehouse=([^;]*);/)?.[1]
}

t.test('renewal by cookie answers with a cookie of the same attributes and nothing in the body', async t => {
  const place = await stage(t)
  const ada = await place.person()
  for (const remember of [true, false]) {
    const { refreshToken } = await place.login(ada, { remember })
    const answer = await byCookie(place, [refreshToken])
    t.equal(answer.status, 200)
    t.notOk('refreshToken' in (answer.body as object))
    t.equal(generationOf(cookieSet(answer) ?? ''), 1)
    const [cookie = ''] = answer.headers.getSetCookie()
    t.match(cookie, /; Path=\/session; .*HttpOnly; Secure; SameSite=Strict/)
    t.equal(/; Expires=/.test(cookie), remember, 'a session cookie stays one')
  }
})

t.test('a token in the body is renewed in the body, whatever cookie came with it', async t => {
  const place = await stage(t)
  const ada = await place.person()
  const [mine, other] = [await place.login(ada), await place.login(ada)]
  const headers = { cookie: `${name}=${other.refreshToken}` }
  const answer = await place.call('/session/renew', { body: { refreshToken: mine.refreshToken }, headers })
  t.equal((answer.body as Session).sessionId, mine.sessionId)
  t.equal(cookieSet(answer), undefined)
})

t.test('a stale copy of the same session beside the fresh one is never a theft, in either order', async t => {
  const place = await stage(t)
  const { refreshToken: stale, sessionId } = await place.login(await place.person())
  let fresh = stale
  for (let n = 0; n < 3; n += 1) fresh = cookieSet(await byCookie(place, [fresh])) ?? ''
  await place.age(sessionId, 60)
  for (const order of [0, 1]) {
    const answer = await byCookie(place, order === 0 ? [stale, fresh] : [fresh, stale])
    t.equal(answer.status, 200)
    fresh = cookieSet(answer) ?? ''
  }
  t.equal(generationOf(fresh), 5)
})

t.test('copies of several sessions are each tried, garbage among them', async t => {
  const place = await stage(t)
  const ada = await place.person()
  const [ended, alive] = [await place.login(ada), await place.login(ada)]
  await place.call('/session', { method: 'DELETE', body: { refreshToken: ended.refreshToken } })
  const cookies = ['garbage', ended.refreshToken, '"quoted"', alive.refreshToken]
  const answer = await byCookie(place, cookies)
  t.equal(answer.status, 200)
  t.equal((answer.body as Session).sessionId, alive.sessionId)
  isRefusal(t, await byCookie(place, ['garbage', '%zz', 'ghr_x']), 'refresh-invalid')
  isRefusal(
    t,
    await byCookie(
      place,
      Array.from({ length: 200 }, (_, n) => `copy${n}`),
    ),
    'refresh-invalid',
  )
  isRefusal(t, await byCookie(place, ['']), 'refresh-missing')
})

t.test('the cookie goes when its session is over, and stays in every other refusal', async t => {
  const place = await stage(t)
  const ada = await place.person()
  const { refreshToken, sessionId } = await place.login(ada)
  const second = cookieSet(await byCookie(place, [refreshToken])) ?? ''
  const invalid = await byCookie(place, ['ghr_garbage'])
  isRefusal(t, invalid, 'refresh-invalid')
  t.equal(cookieSet(invalid), undefined)
  await place.age(sessionId, 40)
  const reused = await byCookie(place, [refreshToken])
  isRefusal(t, reused, 'refresh-reused')
  t.equal(cookieSet(reused), '')
  t.match(reused.headers.getSetCookie()[0], /; Path=\/session; .*HttpOnly; Secure; SameSite=Strict/)
  const ended = await byCookie(place, [second])
  isRefusal(t, ended, 'session-ended')
  t.equal(cookieSet(ended), '')
})

t.test('while one of two sessions cannot be asked about, the end of the other signs nobody out', async t => {
  const place = await stage(t, { DATABASE_TIMEOUT_MS: '300' })
  const ada = await place.person()
  const [ended, alive] = [await place.login(ada), await place.login(ada)]
  await place.call('/session', { method: 'DELETE', body: { refreshToken: ended.refreshToken } })
  const row = await hold(t, place, 'SELECT * FROM refresh_tokens WHERE session_id = $1 FOR UPDATE', [alive.sessionId])
  const answer = await byCookie(place, [ended.refreshToken, alive.refreshToken])
  isRefusal(t, answer, 'unavailable')
  t.equal(cookieSet(answer), undefined)
  await row.release()
  t.equal((await byCookie(place, [ended.refreshToken, alive.refreshToken])).status, 200)
})

t.test('a request that another site made is refused with its cookie, and changes nothing', async t => {
  const allowed = 'https://shop.example'
  const place = await stage(t, { ALLOWED_ORIGINS: allowed })
  const { refreshToken } = await place.login(await place.person())
  const own = place.url
  const refused: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'nonsense' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${own}.evil.example` },
    { origin: own.replace('http:', 'https:') },
    { origin: `${allowed}.evil.example` },
    { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
  ]
  for (const headers of refused) {
    for (const act of [{}, logOut]) {
      const answer = await byCookie(place, [refreshToken], { ...act, headers })
      isRefusal(t, answer, 'origin-refused')
      t.equal(cookieSet(answer), undefined, JSON.stringify(headers))
    }
  }
  let token = refreshToken
  const taken: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'same-origin', origin: own },
    { 'sec-fetch-site': 'none' },
    { origin: own },
    { origin: allowed, 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of taken) {
    const answer = await byCookie(place, [token], { headers })
    t.equal(answer.status, 200, JSON.stringify(headers))
    token = cookieSet(answer) ?? ''
  }
  t.equal(generationOf(token), taken.length, 'and the refused ones had rotated nothing')
})

t.test('a token in the body needs no origin: nobody can be tricked into sending it', async t => {
  const place = await stage(t)
  const { refreshToken } = await place.login(await place.person())
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  t.equal((await place.call('/session/renew', { body: { refreshToken }, headers })).status, 200)
})

t.test('log-out by cookie ends the session, takes the cookie away, and may be repeated', async t => {
  const place = await stage(t)
  const ada = await place.person()
  const [mine, copy] = [await place.login(ada), await place.login(ada)]
  const answer = await byCookie(place, [mine.refreshToken, copy.refreshToken], logOut)
  t.equal(answer.status, 204)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  t.equal(cookieSet(answer), '')
  for (const { refreshToken, accessToken } of [mine, copy]) {
    isRefusal(t, await byCookie(place, [refreshToken]), 'session-ended')
    isRefusal(t, await place.call('/me', { token: accessToken }), 'session-ended')
  }
  t.equal((await byCookie(place, [mine.refreshToken], logOut)).status, 204)
  t.equal((await byCookie(place, [], logOut)).status, 204, 'and without any token')
})

t.test('a log-out that the database did not hear of leaves the cookie, so that it can be repeated', async t => {
  const place = await stage(t)
  const { refreshToken } = await place.login(await place.person())
  const line = await pgProxy(t, place.database.url)
  const behind = await replica(t, place, { DATABASE_URL: line.url })
  line.cut()
  const answer = await byCookie(behind, [refreshToken], logOut)
  isRefusal(t, answer, 'unavailable')
  t.equal(cookieSet(answer), undefined)
  line.mend()
  const again = await byCookie(behind, [refreshToken], logOut)
  t.equal(again.status, 204)
  t.equal(cookieSet(again), '')
  isRefusal(t, await byCookie(place, [refreshToken]), 'session-ended')
})
