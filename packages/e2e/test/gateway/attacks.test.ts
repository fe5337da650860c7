/** Attacks on the gateway: internal routes, ambiguous paths, smuggling, headers, slow clients. */
import { randomUUID } from 'node:crypto'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { codeOf, type HttpResponse } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'
import { gatewayProblems } from '../../src/gateway/problemPages.ts'
import { type Echo, startProtectedSystem } from '../../src/gateway/protectedSystem.ts'
import { type RequestOptions, sendRaw, send as sendTo } from '../../src/gateway/rawClient.ts'

requireNginx((count, why) => t.plan(count, why))

const { system, gateway, send } = await startProtectedSystem(t)
const user = await system.createAccount('ada@example.org')
const { accessToken: token } = await system.login(user)

/** Asserts a problem of the gateway itself. */
function assertGatewayProblem(t: Test, answer: HttpResponse, status: number): void {
  const code = gatewayProblems[status] as ProblemCode
  const { title, action } = problemDefinition(code)
  t.equal(answer.status, status)
  t.equal(answer.headers.get('content-type'), 'application/problem+json')
  t.match(answer.body, { type: `${gateway.url}/auth/problems/${code}`, title, status, code, action })
  t.equal((answer.body as { requestId: string }).requestId, answer.headers.get('x-request-id'))
}

function rawAnswer(text: string): HttpResponse {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Headers(lines.map(line => line.split(/: (.*)/, 2) as [string, string]))
  return { status: Number(first.split(' ')[1]), headers, body: JSON.parse(body) }
}

t.test('gateway: internal routes are not found', async t => {
  const auth = ['/guards/poll', '/guards/leave', '/guards', '/metrics', '/livez', '/readyz', ''].map(
    path => `/auth${path}`,
  )
  const api = ['/metrics', '/livez', '/readyz', '/verify', ''].map(path => `/api${path}`)
  for (const path of [
    ...auth,
    ...api,
    '/_verify',
    '/_refused',
    '/_unsure',
    '/_problem-429',
    '/',
    '/example',
    '/metrics',
  ])
    for (const method of ['GET', 'POST']) assertGatewayProblem(t, await send({ path, method, token }), 404)
})

t.test('gateway: internal routes are not found by any spelling, and no service receives the request', async t => {
  const before = await requestsAtAuth()
  const ambiguousPaths = [
    ...['/auth//metrics', '//auth/metrics', '/auth/./metrics', '/auth/session/../metrics', '/auth/session/..'],
    ...['/api/../auth/metrics', '/auth/..%2fmetrics', '/auth/%2e%2e/metrics', '/auth/%2E/metrics'],
    ...['/auth/session%2f..%2fmetrics', '/auth%2Fmetrics', '/auth/..\\metrics', '/auth/%5cmetrics'],
    ...['/auth/metrics%00', '/auth/metrics%0a', '/auth/me%0d%0aX-Auth-Subject:%20evil'],
    ...['http://127.0.0.1/auth//metrics', 'http://evil.example/auth/%2e%2e/metrics'],
  ]
  for (const path of ambiguousPaths) {
    const answer = await send({ path, token })
    assertGatewayProblem(t, answer, answer.status === 404 ? 404 : 400)
  }
  const missing = [
    ...['/auth/metrics?x=/auth/session', '/auth/metrics/', '/auth/metrics;x=1', '/auth/Metrics', '/auth/m%65trics'],
    ...['/%61uth/metrics', '/auth/guards%3fx/poll', '/auth/livez%23', '/AUTH/metrics'],
    ...['http://127.0.0.1/auth/metrics', 'http://evil.example/auth/guards/poll'],
  ]
  for (const path of missing) assertGatewayProblem(t, await send({ path, token }), 404)
  t.equal(await requestsAtAuth(), before, 'the auth service received none')
  // Decoded once, not twice: no route has such a name.
  for (const path of ['/auth/%252e%252e/metrics', '/auth/x%252fmetrics'])
    t.equal(codeOf(await send({ path })), 'not-found')
})

/** Requests in the auth logs. A direct marker request ensures that earlier lines were read. */
async function requestsAtAuth(): Promise<number> {
  const counts = system.auths.map(async ({ call, logged, logs }) => {
    const id = `marker-${randomUUID()}`
    await call('/marker', { headers: { 'x-request-id': id } })
    await logged(new RegExp(`${id}.*request completed`))
    return logs.filter(line => line.includes('"reqId"') && !line.includes('marker-')).length
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

t.test('gateway: refuses two lengths, two hosts and a request in the body of another', async t => {
  const inside = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'
  const head = 'POST /auth/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
  const both = `${head}Content-Length: ${inside.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inside}`
  const twice = `${head}Content-Length: 2\r\nContent-Length: ${inside.length}\r\n\r\n${inside}`
  const coded = `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inside}`
  const hosts = 'GET /auth/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
  for (const [output, status] of [
    [both, 400],
    [twice, 400],
    [coded, 501],
    [hosts, 400],
  ] as const) {
    const { text } = await sendRaw(gateway.port, output)
    assertGatewayProblem(t, rawAnswer(text), status)
    t.equal(text.match(/HTTP\/1\.1/g)?.length, 1, 'one answer')
  }
})

t.test('gateway: replaces identity and forwarding headers of the client', async t => {
  const all = [
    ...['Subject', 'Session', 'Roles', 'Scope', 'Client'].map(name => `X-Auth-${name}`),
    ...['For', 'Proto', 'Host', 'Port', 'Prefix'].map(name => `X-Forwarded-${name}`),
    ...['Forwarded', 'X-Real-IP', 'X-Original-URL', 'X-Rewrite-URL', 'Proxy', 'X-HTTP-Method-Override'],
    ...['X-HTTP-Method', 'True-Client-IP', 'X-Client-IP'],
  ]
  const spellings = [...all, ...all.map(name => name.replaceAll('-', '_')), ...all.map(name => name.toLowerCase())]
  for (const name of spellings) {
    const { body, status } = await send({ path: '/example/', token, headers: { [name]: ['evil', 'evil'] } })
    t.equal(status, 200, name)
    t.notOk(JSON.stringify(body).includes('evil'), name)
  }
  const forwarded = { 'x-forwarded-for': '10.1.2.3' }
  const { body } = await send({ path: '/example/', token, from: '127.0.0.7', headers: forwarded })
  const { headers } = body as Echo
  t.match(headers, { 'x-forwarded-for': '127.0.0.7', 'x-forwarded-proto': 'http', 'x-auth-roles': undefined })

  const spoofed = { 'x-forwarded-for': '10.1.2.3', forwarded: 'for=10.1.2.3', 'x-real-ip': '10.1.2.3' }
  const options = { from: '127.0.0.8', headers: spoofed }
  await send({ path: '/auth/session', body: { ...user, device: 'spoofed', transport: 'body' }, ...options })
  const { body: mine } = await send({ path: '/auth/sessions', token })
  const { sessions } = mine as { sessions: { device: string; address: string }[] }
  t.equal(sessions.find(({ device }) => device === 'spoofed')?.address, '127.0.0.8')
})

t.test('gateway: every refusal of nginx is a problem', async t => {
  const large = 'x'.repeat(20_000)
  const cases: readonly [number, RequestOptions][] = [
    [413, { path: '/auth/session', body: large }],
    [413, { path: '/auth/session', headers: { 'transfer-encoding': 'chunked' }, body: large }],
    [414, { path: `/auth/me?x=${large}` }],
    [431, { path: '/auth/me', headers: { 'x-large': large } }],
    [405, { path: '/auth/me', method: 'TRACE' }],
  ]
  for (const [status, request] of cases) assertGatewayProblem(t, await send(request), status)
  for (const [output, status] of [
    ['nonsense\r\n\r\n', 400],
    ['GET /auth/me HTTP/1.1\r\n\r\n', 400],
    ['GET /auth/me HTTP/9.1\r\nHost: a\r\n\r\n', 505],
  ] as const)
    assertGatewayProblem(t, rawAnswer((await sendRaw(gateway.port, output)).text), status)
  t.equal((await send({ path: '/auth/me', token })).status, 200)
})

t.test('gateway: limits the rate of a client without affecting another', async t => {
  const burst = await Promise.all(Array.from({ length: 500 }, () => send({ path: '/api/me', from: '127.0.0.9' })))
  const refused = burst.filter(({ status }) => status !== 401)
  t.ok(refused.length > 50, `${refused.length} of 500 refused`)
  for (const answer of refused.slice(0, 3)) assertGatewayProblem(t, answer, 429)
  t.ok(Number(refused[0]?.headers.get('retry-after')) > 0)
  t.equal((await send({ path: '/auth/me', token, from: '127.0.0.10' })).status, 200)
})

t.test('gateway: behind a load balancer, a rate limit counts an IPv6 /64 or an IPv4 address as a client', async t => {
  const unreachable = ['127.0.0.1:9']
  const balanced = await startGateway({ auths: unreachable, resources: unreachable, balancer: '127.0.0.0/8' })
  t.teardown(balanced.stop)
  const from = (address: string) =>
    sendTo(balanced.url, { path: '/api/me', headers: { 'x-forwarded-for': address }, from: '127.0.0.11' })
  const refusedOf = async (addresses: string[]) => {
    const answers = await Promise.all(addresses.map(from))
    const unexpected = [...new Set(answers.map(({ status }) => status))].filter(status => ![429, 502].includes(status))
    t.same(unexpected, [])
    return answers.filter(({ status }) => status === 429).length
  }
  const many = Array.from({ length: 400 }, (_each, index) => index + 1)
  t.ok((await refusedOf(many.map(index => `2001:db8:0:1:${index.toString(16)}::1`))) > 50, 'one network')
  t.equal(await refusedOf(['2001:db8:0:2::1']), 0, 'another network is not limited')
  t.equal(await refusedOf(many.map(index => `2001:db8:1:${index.toString(16)}::1`)), 0, 'many networks')
  t.equal(await refusedOf(many.map(index => `::ffff:10.0.${index >> 8}.${index & 255}`)), 0, 'many IPv4 addresses')
  t.ok((await refusedOf(many.map(() => '10.9.9.9'))) > 50, 'one IPv4 address')
})

t.test('gateway: refuses a secret in a query string, and no service receives it', async t => {
  const before = await requestsAtAuth()
  const spellings = [
    ...['access_token=x', 'a=b&Password=x', 'refresh_token=x', 'client_secret=x&y=z', 'refreshToken=x'],
    ...['REFRESHTOKEN=x', 'refresh-token=x', 'refresh%54oken=x', '%72%65fresh%5FToken=x', 'a=b;refresh.token=x'],
    ...['refreshToken[]=x', 'refreshToken%5B0%5D=x', 'body[refreshToken]=x', 'body%5bnew%50assword%5D=x'],
    ...['idToken=x', 'clientSecret=x', 'currentPassword=x', 'client_assertion=x'],
    ...['subject_token=x', 'actorToken=x', 'device%5fcode=x', `q=ghr_${'x'.repeat(90)}`],
    ...[`a=b&c=%67h%52%5F${'x'.repeat(90)}`, `state=ghc_${'y'.repeat(43)}`, `a[b]=ghd_${'z'.repeat(43)}`],
    `q=gha_${'z'.repeat(67)}`,
  ]
  for (const query of spellings)
    for (const path of ['/auth/me', '/api/storage', '/example/']) {
      assertGatewayProblem(t, await send({ path: `${path}?${query}`, token }), 400)
    }
  t.equal(await requestsAtAuth(), before)
  const harmless = 'my_access_token=x&passwords=2&q=refreshToken&refreshTokens=1&user_code=BCDF-GHJK&a=ghr_'
  t.equal((await send({ path: `/example/?${harmless}`, token })).status, 200)
})

t.test('gateway: closes slow requests after ten seconds, and no service receives them', async t => {
  const before = await requestsAtAuth()
  const head = 'POST /auth/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n'
  const silent = [head, `${head}\r\n{"email"`, '', 'GET'].map(output => sendRaw(gateway.port, output))
  const steady = ['/auth/session', '/api/storage', '/example/'].flatMap(path => {
    const post = (length: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n`
    return [
      sendRaw(gateway.port, post('Content-Length: 100'), ' '),
      sendRaw(gateway.port, post('Transfer-Encoding: chunked'), '1\r\n \r\n'),
    ]
  })
  for (const { ms, text } of await Promise.all([...silent, ...steady])) {
    t.ok(ms < 15_000, `closed after ${Math.round(ms)} ms`)
    t.notMatch(text, /HTTP\/1\.1 2/)
  }
  for (const { text } of await Promise.all(steady)) {
    assertGatewayProblem(t, rawAnswer(text), 408)
    t.match(text, /^Connection: close\r$/m)
  }
  t.equal(await requestsAtAuth(), before)
})
