/** The routes of the example. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { bearer, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { resource } from './helpers/service.ts'

/** @conforms RFC 6750 section 3.1: a request without a token gets a challenge without an error. */
t.test('guarded routes: refuse a request without a token with token-missing', async t => {
  const service = await resource(t)
  for (const path of ['/me', '/storage', '/storage/restricted', '/storage/events', '/verify']) {
    t.equal(problemMismatch(await service.send(path), 'token-missing'), null, path)
  }
  t.match(await service.send('/storage', bearer(service.token())), {
    status: 200,
    headers: { 'cache-control': 'no-store' },
  })
})

t.test('POST /storage: stores an item for any valid token, and rejects other bodies', async t => {
  const service = await resource(t)
  const post = (body: object, headers: Record<string, string>) =>
    service.app.inject({ method: 'POST', url: '/storage', payload: body, headers })
  const stored = await post({ item: 'rope' }, bearer(service.token()))
  t.equal(stored.statusCode, 201)
  t.match(stored.json(), { item: 'rope', storedBy: String })
  t.match((await post({ item: 'rope' }, {})).json(), { code: 'token-missing' })
  t.match((await post({ item: '' }, bearer(service.token()))).json(), { code: 'request-malformed' })
})

/** @conforms RFC 6750 section 3.1: a token without the scope is `insufficient_scope`, 403. */
t.test('GET /storage/restricted: requires the scope storage:restricted', async t => {
  const service = await resource(t)
  t.equal(
    problemMismatch(await service.send('/storage/restricted', bearer(service.token())), 'insufficient-scope'),
    null,
  )
  const cleared = bearer(service.token({ scope: 'storage:restricted' }))
  t.match(await service.send('/storage/restricted', cleared), { status: 200 })
})

t.test('GET /me: returns the caller of the token', async t => {
  const service = await resource(t)
  const answered = await service.send(
    '/me',
    bearer(service.token({ sub: 'ada', sid: 's1', roles: ['admin'], scope: 'a b' })),
  )
  t.match(JSON.parse(answered.text), { id: 'ada', sessionId: 's1', roles: ['admin'], scopes: ['a', 'b'] })
  t.equal(answered.headers['cache-control'], 'no-store')
})

t.test('GET /storage/events: closes before the revocation is acknowledged, with its code', async t => {
  const service = await resource(t)
  const sid = randomUUID()
  const [opened, text] = watch(service.port, service.token({ sid }))
  await opened
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  t.equal(await text, 'event: open\ndata: {}\n\nevent: closed\ndata: {"code":"session-ended"}\n\n')
  await acknowledged
})

t.test('GET /storage/events: an open stream is counted and has the headers of every reply', async t => {
  const service = await resource(t, { ALLOWED_ORIGINS: 'https://shop.example' })
  await service.clock.advance(1000)
  const headers = { ...bearer(service.token()), origin: 'https://shop.example' }
  const get = request({ port: service.port, host: '127.0.0.1', path: '/storage/events', headers, agent: false }).end()
  const [response] = (await once(get, 'response')) as [IncomingMessage]
  t.match(response.headers, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': 'https://shop.example',
  })
  const { text } = await service.send('/metrics')
  t.match(text, /http_request_duration_seconds_count\{[^}]*route="\/storage\/events",status="200"\} 1/)
  response.destroy()
})

t.test('GET /storage/events: closes with shutdown when the service stops', async t => {
  const service = await resource(t)
  const [opened, text] = watch(service.port, service.token())
  await opened
  await service.app.close()
  t.match(await text, /"code":"shutdown"/)
})

t.test('GET /readyz: requires keys and a lease; GET /livez does not', async t => {
  const service = await resource(t)
  t.match(await service.send('/readyz'), { status: 200 })
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  t.equal(problemMismatch(await service.send('/readyz'), 'revocation-unknown'), null)
  t.match(await service.send('/livez'), { status: 200 })
  t.match((await service.send('/metrics')).text, /gatehouse_guard_lease_left_seconds 0/)
})

t.test('without keys: readiness and guarded routes answer unavailable', async t => {
  const service = await resource(t, { PUBLIC_KEY: '', ISSUER: 'http://127.0.0.1:9' })
  t.equal(problemMismatch(await service.send('/readyz'), 'unavailable'), null)
  t.equal(problemMismatch(await service.send('/me', bearer(service.token())), 'unavailable'), null)
})

/** Opens the stream. Returns a promise for its first data and one for all of its data. */
function watch(port: number, token: string): [Promise<void>, Promise<string>] {
  let received = ''
  let opened = () => {}
  const open = new Promise<void>(resolve => {
    opened = resolve
  })
  const all = new Promise<string>((resolve, reject) => {
    const get = request(
      { port, host: '127.0.0.1', path: '/storage/events', headers: bearer(token), agent: false },
      response => {
        response.on('data', chunk => {
          received += chunk
          opened()
        })
        response.on('end', () => resolve(received))
      },
    )
    get.on('error', reject).end()
  })
  return [open, all]
}

t.test('security headers: every response has them, the stream and the refusals included', async t => {
  const service = await resource(t)
  const authorization = `Bearer ${service.token()}`
  const requests: [path: string, status: number, headers?: Record<string, string>][] = [
    ['/storage', 200, { authorization }],
    ['/storage', 401],
    ['/nothing', 404],
    ['/%zz', 400],
    ['/livez', 200],
    ['/storage', 431, { 'x-long': 'x'.repeat(20_000) }],
  ]
  for (const [path, status, headers] of requests) {
    const response = await service.send(path, headers)
    t.equal(response.status, status, path)
    t.match(response.headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, path)
    t.match(response.headers['content-security-policy'], /frame-ancestors 'none'/, path)
  }
  const stream = await fetch(`http://127.0.0.1:${service.port}/storage/events`, { headers: { authorization } })
  t.equal(stream.headers.get('x-content-type-options'), 'nosniff')
  await stream.body?.cancel()
})
