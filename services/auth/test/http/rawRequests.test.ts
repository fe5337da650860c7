/** Malformed HTTP and request smuggling: refused, and never dispatched to another route. */
import type { ProblemCode } from '@gatehouse/contract'
import t from 'tap'
import { rawRequest, sendRaw } from '../helpers/rawRequest.ts'
import { renew, startService } from '../helpers/service.ts'

const host = 'Host: auth.test'
const close = 'Connection: close'
const json = 'Content-Type: application/json'

t.test('malformed HTTP: answered with a problem, and the connection is closed', async t => {
  const { url, call } = await startService(t)
  const garbage: Record<string, [bytes: string | Buffer, status: number]> = {
    words: ['HELLO WORLD\r\n\r\n', 400],
    TLS: [Buffer.from('16030100a5010000a10303', 'hex'), 400],
    'NUL bytes': [Buffer.alloc(200), 400],
    'another version': ['GET /me HTTP/9.9\r\nHost: x\r\n\r\n', 400],
    'HTTP/2 without an upgrade': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    'a header without a colon': [rawRequest('GET /livez', [host, 'nonsense', close]), 400],
    'a header name with a space': [rawRequest('GET /livez', [host, 'X : y', close]), 400],
    'NUL in a header': [rawRequest('GET /livez', [host, 'X: a\0b', close]), 400],
    'a folded header': [rawRequest('GET /livez', [host, 'X: a', ' b', close]), 400],
    'a bare line feed': [`GET /livez HTTP/1.1\n${host}\nX: a\n\n`, 400],
    'a lower-case method': [rawRequest('get /livez', [host, close]), 400],
    'an unknown method': [rawRequest('BREW /livez', [host, close]), 400],
    'headers over 16 kB': [rawRequest('GET /livez', [host, `X: ${'x'.repeat(20_000)}`, close]), 431],
    'a path over 16 kB': [rawRequest(`GET /${'x'.repeat(20_000)}`, [host, close]), 431],
    'two lengths': [rawRequest('POST /session', [host, 'Content-Length: 2', 'Content-Length: 3', close], '{}'), 400],
    'a negative length': [rawRequest('POST /session', [host, 'Content-Length: -1', close]), 400],
    'a length in words': [rawRequest('POST /session', [host, 'Content-Length: two', close], '{}'), 400],
    'a length with a plus': [rawRequest('POST /session', [host, 'Content-Length: +2', close], '{}'), 400],
    'a bad chunk': [rawRequest('POST /session', [host, json, 'Transfer-Encoding: chunked', close], 'zz\r\n{}'), 400],
  }
  for (const [name, [bytes, status]] of Object.entries(garbage)) {
    const response = await sendRaw(url, bytes)
    t.equal(response.status, status, name)
    t.match(response.head, /cache-control: no-store/i, name)
    const code = status === 431 ? 'request-too-large' : 'request-malformed'
    t.match(response.body, { code, status, action: 'stop', requestId: /./ }, name)
  }
  // Node answers this request itself, without calling a handler.
  t.equal((await sendRaw(url, rawRequest('GET /livez', [close]))).status, 400, 'no host')
  t.equal((await call('/livez')).status, 200)
})

t.test('request smuggling: a hidden request is not executed', async t => {
  const service = await startService(t)
  const { refreshToken } = await service.login(await service.createUser())
  const body = JSON.stringify({ refreshToken })
  const hidden = rawRequest('DELETE /session', [host, json, `Content-Length: ${body.length}`], body)
  const post = (lines: string[], start = '0\r\n\r\n') =>
    rawRequest('POST /session', [host, ...lines], `${start}${hidden}`)
  const chunked = 'Transfer-Encoding: chunked'
  const smuggles: Record<string, string> = {
    'length and chunks': post([`Content-Length: ${hidden.length + 5}`, chunked]),
    'chunked spelled oddly': post(['Content-Length: 5', 'Transfer-Encoding: xchunked']),
    'chunked twice': post([chunked, 'Transfer-Encoding: identity']),
    'a body with GET': rawRequest('GET /livez', [host, `Content-Length: ${hidden.length}`], hidden),
    'a chunk longer than it says': post([chunked, json], '2\r\n{}'),
  }
  for (const [name, bytes] of Object.entries(smuggles)) {
    const { count, status } = await sendRaw(service.url, bytes)
    t.ok(count <= 1, `${name}: one answer`)
    t.ok(status < 500, `${name}: ${status}`)
    const renewed = await renew(service, refreshToken)
    t.equal(renewed.status, 200, `${name}: the session is active`)
  }
})

t.test('unusual spellings of paths: reach no other route', async t => {
  const service = await startService(t)
  const { accessToken } = await service.login(await service.createUser({ roles: ['admin'] }))
  const authorization = `Authorization: Bearer ${accessToken}`
  const odd: [status: number, code: ProblemCode, paths: string[]][] = [
    [400, 'request-malformed', ['/me%00', '/%', '/me%', '/%zz', '/%c3%28']],
    [404, 'not-found', ['//me', '/me/', '/ME', '/me;x=1', '/./me', '/x/../me', '/%2e%2e/me', '/x/%2e%2e/me']],
    [404, 'not-found', ['/me%2f', '/me%20', '/.well-known/../me', '*']],
    [405, 'method-not-allowed', ['/sessions/%2e%2e']],
  ]
  for (const [status, code, paths] of odd)
    for (const path of paths) {
      const response = await sendRaw(service.url, rawRequest(`GET ${path}`, [host, authorization, close]))
      t.match(response, { status, body: { code } }, path)
    }
  // RFC 9112 section 3.2.2 requires the absolute form to be accepted; route and checks are the same.
  const absolute = await sendRaw(service.url, rawRequest('GET http://evil.example/me', [host, close]))
  t.match(absolute.body, { code: 'token-missing' })
})

t.test('authentication: refuses a second token in any place', async t => {
  const service = await startService(t)
  const { accessToken } = await service.login(await service.createUser())
  const authorization = `Authorization: Bearer ${accessToken}`
  const twice = [
    rawRequest('GET /me', [host, authorization, authorization, close]),
    rawRequest('GET /me', [host, authorization, 'authorization: Bearer other', close]),
    rawRequest('GET /me', [host, 'AUTHORIZATION:', authorization, close]),
    rawRequest(`GET /me?access_token=${accessToken}`, [host, close]),
    rawRequest(`GET /me?access_token=${accessToken}`, [host, authorization, close]),
  ]
  for (const request of twice) {
    const { status, body, head } = await sendRaw(service.url, request)
    t.equal(status, 400)
    t.match(body, { code: 'request-malformed' })
    t.match(head, /www-authenticate: Bearer .*error="invalid_request"/i)
  }
  const one = await sendRaw(service.url, rawRequest('GET /me', [host, authorization, close]))
  t.equal(one.status, 200)
})

t.test('upgrade: an offered protocol is ignored', async t => {
  const { url } = await startService(t)
  const upgrade = ['Connection: Upgrade, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']
  const { status } = await sendRaw(url, rawRequest('GET /me', [host, ...upgrade]))
  t.equal(status, 401)
  t.equal((await sendRaw(url, rawRequest('CONNECT evil.example:443', [host]))).status, 0)
})
