/** Renewal and log-out by cookie: several copies, cross-site requests, and when the cookie is cleared. */
import { type HttpResponse, pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { holdLock } from '../helpers/locks.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, logOut, startService, type TestService, type TestSession } from '../helpers/service.ts'
import { generationOf } from '../helpers/tokens.ts'

const name = '__Secure-gatehouse'

function byCookie(
  { call }: Pick<TestService, 'call'>,
  tokens: string[],
  { method = 'POST', path = '/session/renew', headers = {} }: { method?: string; path?: string; headers?: object } = {},
): Promise<HttpResponse> {
  const cookie = ['theme=dark', ...tokens.map(token => `${name}=${token}`), 'other=1'].join('; ')
  return call(path, { method, headers: { cookie, ...headers } })
}

const loggingOut = { method: 'DELETE', path: '/session' }

/** The refresh token that the response sets; '' when it clears the cookie, undefined when it sets none. */
function cookieSet(response: HttpResponse): string | undefined {
  const [cookie, marker, ...others] = response.headers.getSetCookie()
  if (others.length > 0) throw new Error('more than one cookie and its marker')
  if (cookie?.includes('=;') !== marker?.startsWith('gatehouse-signed-in=;')) throw new Error('the marker differs')
  return cookie?.match(/^__Secure-gatehouse=([^;]*);/)?.[1]
}

t.test('renew: by cookie, sets a cookie with the same attributes and no token in the body', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  for (const remember of [true, false]) {
    const { refreshToken } = await service.login(ada, { remember })
    const response = await byCookie(service, [refreshToken])
    t.equal(response.status, 200)
    t.notOk('refreshToken' in (response.body as object))
    t.equal(generationOf(cookieSet(response) ?? ''), 1)
    const [cookie = '', marker = ''] = response.headers.getSetCookie()
    t.match(cookie, /; Path=\/session; .*HttpOnly; Secure; SameSite=Strict/)
    t.match(marker, /^gatehouse-signed-in=1; Path=\/; (Expires=[^;]*; )?Secure; SameSite=Strict$/)
    for (const line of [cookie, marker])
      t.equal(/; Expires=/.test(line), remember, 'a browser-session cookie stays one')
  }
})

t.test('renew: a token in the body takes precedence over a cookie and is answered in the body', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, other] = [await service.login(ada), await service.login(ada)]
  const headers = { cookie: `${name}=${other.refreshToken}` }
  const response = await service.call('/session/renew', { body: { refreshToken: mine.refreshToken }, headers })
  t.equal((response.body as TestSession).sessionId, mine.sessionId)
  t.equal(cookieSet(response), undefined)
})

t.test('renew: a stale cookie copy beside the fresh one is not treated as reuse, in either order', async t => {
  const service = await startService(t)
  const { refreshToken: stale, sessionId } = await service.login(await service.createUser())
  let fresh = stale
  for (let n = 0; n < 3; n += 1) fresh = cookieSet(await byCookie(service, [fresh])) ?? ''
  await service.ageSession(sessionId, 60)
  for (const order of [0, 1]) {
    const response = await byCookie(service, order === 0 ? [stale, fresh] : [fresh, stale])
    t.equal(response.status, 200)
    fresh = cookieSet(response) ?? ''
  }
  t.equal(generationOf(fresh), 5)
})

t.test('renew: tries the cookies of several sessions in turn, and skips invalid ones', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [ended, alive] = [await service.login(ada), await service.login(ada)]
  await logOut(service, ended.refreshToken)
  const cookies = ['garbage', ended.refreshToken, '"quoted"', alive.refreshToken]
  const response = await byCookie(service, cookies)
  t.equal(response.status, 200)
  t.equal((response.body as TestSession).sessionId, alive.sessionId)
  assertProblem(t, await byCookie(service, ['garbage', '%zz', 'ghr_x']), 'refresh-invalid')
  const copies = Array.from({ length: 200 }, (_, n) => `copy${n}`)
  assertProblem(t, await byCookie(service, copies), 'refresh-invalid')
  assertProblem(t, await byCookie(service, ['']), 'refresh-missing')
})

t.test('renew and log-out: four junk copies before the genuine cookie do not hide it', async t => {
  const service = await startService(t)
  const { refreshToken, accessToken } = await service.login(await service.createUser())
  const forged = `${refreshToken.slice(0, -4)}AAAA`
  const junk = ['junk', 'ghr_junk', forged, '"ghr_quoted"']
  const renewed = await byCookie(service, [...junk, refreshToken])
  t.equal(renewed.status, 200)
  t.equal((await byCookie(service, [...junk, cookieSet(renewed) ?? ''], loggingOut)).status, 204)
  assertProblem(t, await service.call('/me', { token: accessToken }), 'session-ended')
})

t.test("renew: another user's cookie in front leaves the user's own session active and renewable", async t => {
  const service = await startService(t)
  const ada = await service.login(await service.createUser())
  const mallory = await service.login(await service.createUser())
  const response = await byCookie(service, [mallory.refreshToken, ada.refreshToken])
  t.equal((response.body as TestSession).sessionId, mallory.sessionId, 'the browser sends the specific path first')
  t.equal((await service.call('/me', { token: ada.accessToken })).status, 200)
  await logOut(service, mallory.refreshToken)
  const next = await byCookie(service, [cookieSet(response) ?? '', ada.refreshToken])
  t.equal((next.body as TestSession).sessionId, ada.sessionId, 'the genuine copy behind an ended session is tried')
})

t.test('renew: clears the cookie when its session is over, and keeps it for every other problem', async t => {
  const service = await startService(t)
  const { refreshToken, sessionId } = await service.login(await service.createUser())
  const second = cookieSet(await byCookie(service, [refreshToken])) ?? ''
  const invalid = await byCookie(service, ['ghr_garbage'])
  assertProblem(t, invalid, 'refresh-invalid')
  t.equal(cookieSet(invalid), undefined)
  await service.ageSession(sessionId, 40)
  const reused = await byCookie(service, [refreshToken])
  assertProblem(t, reused, 'refresh-reused')
  t.equal(cookieSet(reused), '')
  t.match(reused.headers.getSetCookie()[0], /; Path=\/session; .*HttpOnly; Secure; SameSite=Strict/)
  const ended = await byCookie(service, [second])
  assertProblem(t, ended, 'session-ended')
  t.equal(cookieSet(ended), '')
})

t.test('renew: keeps the cookie when one session is over and the state of the other is unknown', async t => {
  const service = await startService(t, { DATABASE_TIMEOUT_MS: '300' })
  const ada = await service.createUser()
  const [ended, alive] = [await service.login(ada), await service.login(ada)]
  await logOut(service, ended.refreshToken)
  const sql = 'SELECT * FROM refresh_tokens WHERE session_id = $1 FOR UPDATE'
  const row = await holdLock(t, service, sql, [alive.sessionId])
  const response = await byCookie(service, [ended.refreshToken, alive.refreshToken])
  assertProblem(t, response, 'unavailable')
  t.equal(cookieSet(response), undefined)
  await row.release()
  t.equal((await byCookie(service, [ended.refreshToken, alive.refreshToken])).status, 200)
})

t.test('renew: refuses a cross-site request with a cookie, and changes nothing', async t => {
  const allowed = 'https://shop.example'
  const service = await startService(t, { ALLOWED_ORIGINS: allowed })
  const { refreshToken } = await service.login(await service.createUser())
  const own = service.url
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
    for (const act of [{}, loggingOut]) {
      const response = await byCookie(service, [refreshToken], { ...act, headers })
      assertProblem(t, response, 'origin-refused')
      t.equal(cookieSet(response), undefined, JSON.stringify(headers))
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
    const response = await byCookie(service, [token], { headers })
    t.equal(response.status, 200, JSON.stringify(headers))
    token = cookieSet(response) ?? ''
  }
  t.equal(generationOf(token), taken.length, 'the refused renewals rotated nothing')
})

t.test('renew: a token in the body is accepted from any origin', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  t.equal((await service.call('/session/renew', { body: { refreshToken }, headers })).status, 200)
})

t.test('log-out: by cookie, ends the session, clears the cookie and is idempotent', async t => {
  const service = await startService(t)
  const ada = await service.createUser()
  const [mine, copy] = [await service.login(ada), await service.login(ada)]
  const response = await byCookie(service, [mine.refreshToken, copy.refreshToken], loggingOut)
  t.equal(response.status, 204)
  t.equal(response.headers.get('cache-control'), 'no-store')
  t.equal(cookieSet(response), '')
  for (const { refreshToken, accessToken } of [mine, copy]) {
    assertProblem(t, await byCookie(service, [refreshToken]), 'session-ended')
    assertProblem(t, await service.call('/me', { token: accessToken }), 'session-ended')
  }
  t.equal(response.headers.get('sessions-ended'), '2')
  const again = await byCookie(service, [mine.refreshToken], loggingOut)
  t.equal(again.status, 204)
  t.equal(again.headers.get('sessions-ended'), '0')
  const without = await byCookie(service, [], loggingOut)
  t.equal(without.status, 204, 'without any token')
  t.equal(without.headers.get('sessions-ended'), '0')
})

t.test('log-out: keeps the cookie when the database is unavailable, so that the client can repeat it', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const line = await pgProxy(t, service.database.url)
  const behind = await startReplica(t, service, { DATABASE_URL: line.url })
  line.cut()
  const response = await byCookie(behind, [refreshToken], loggingOut)
  assertProblem(t, response, 'unavailable')
  t.equal(cookieSet(response), undefined)
  line.mend()
  const again = await byCookie(behind, [refreshToken], loggingOut)
  t.equal(again.status, 204)
  t.equal(cookieSet(again), '')
  assertProblem(t, await byCookie(service, [refreshToken]), 'session-ended')
})
