/** Malformed requests on every route: a 4xx with a problem, never a 500. */
import t from 'tap'
import { fetchResponse } from '../helpers/rawRequest.ts'
import { assertProblem, renew, startService, type TestService } from '../helpers/service.ts'

const withBody = [
  ['POST', '/session'],
  ['POST', '/session/renew'],
  ['DELETE', '/session'],
  ['POST', '/guards/poll'],
  ['POST', '/guards/leave'],
] as const

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

/** Bodies that no route accepts, with the expected problem. */
const bodies: Record<string, [body: string | Buffer, code: 'request-malformed' | 'request-too-large']> = {
  'half of one': ['{"email":', 'request-malformed'],
  two: ['{}{}', 'request-malformed'],
  'no JSON': ['hello', 'request-malformed'],
  'a comment': ['{}//', 'request-malformed'],
  NaN: ['{"email":NaN}', 'request-malformed'],
  'a byte order mark': ['\ufeff{}', 'request-malformed'],
  'an array': ['[]', 'request-malformed'],
  'a string': ['"x"', 'request-malformed'],
  'a number': ['1e999', 'request-malformed'],
  true: ['true', 'request-malformed'],
  deep: [deep(2000), 'request-malformed'],
  'deep arrays': [`${'['.repeat(6000)}${']'.repeat(6000)}`, 'request-malformed'],
  huge: [`{"email":"${'x'.repeat(17_000)}"}`, 'request-too-large'],
  'an unknown field': ['{"admin":true}', 'request-malformed'],
  'a prototype': ['{"__proto__":{"admin":true}}', 'request-malformed'],
  'a constructor': ['{"constructor":{"prototype":{"admin":true}}}', 'request-malformed'],
  'a reserved name in disguise': ['{"\\u005f_proto__":{}}', 'request-malformed'],
  'a field twice': ['{"email":"a@b.c","email":"d@e.f","password":"x"}', 'request-malformed'],
  NUL: ['{"email":"a\\u0000@b.c","password":"x"}', 'request-malformed'],
  'a raw NUL': ['{"email":"a\0@b.c","password":"x"}', 'request-malformed'],
  'half a surrogate pair': ['{"email":"\\ud800@b.c","password":"x"}', 'request-malformed'],
  'invalid UTF-8': [Buffer.from('7b22656d61696c223a22ff2240227d', 'hex'), 'request-malformed'],
  'overlong UTF-8': [Buffer.from('7b2261223a22c0ae227d', 'hex'), 'request-malformed'],
  'UTF-16': [Buffer.from('{}', 'utf16le'), 'request-malformed'],
  gzip: [Buffer.from('1f8b0800000000000003abae050043bfa6a302000000', 'hex'), 'request-malformed'],
  'wrong types': ['{"email":1,"password":[],"refreshToken":{},"guard":0,"name":1,"version":{}}', 'request-malformed'],
  null: ['{"email":null,"password":null,"refreshToken":null,"guard":null}', 'request-malformed'],
}

function send(
  service: TestService,
  method: string,
  path: string,
  { body, type }: { body: string | Buffer; type?: string },
) {
  const headers = { 'content-type': type ?? 'application/json', authorization: service.guardCredentials }
  return fetchResponse(service.url + path, { method, headers, body: new Uint8Array(Buffer.from(body)) })
}

t.test('malformed bodies: refused with the faulty fields, and nothing changes', async t => {
  const service = await startService(t)
  for (const [method, path] of withBody) {
    for (const [name, [body, code]] of Object.entries(bodies)) {
      const response = await send(service, method, path, { body })
      t.comment(`${method} ${path}: ${name}`)
      assertProblem(t, response, code)
      if (code === 'request-malformed') t.match(response.body, { fields: [{ field: /^body/, reason: /./ }] })
    }
  }
  t.same(await service.query('SELECT FROM guards'), [])
  t.equal(({} as { admin?: boolean }).admin, undefined, 'no prototype was reached')
})

t.test('bodies of another media type: refused', async t => {
  const service = await startService(t)
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/json', 'x']
  for (const [method, path] of withBody)
    for (const type of types)
      assertProblem(t, await send(service, method, path, { body: '{}', type }), 'media-type-unsupported')
  for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON'])
    assertProblem(t, await send(service, 'POST', '/session/renew', { body: '{}', type }), 'refresh-missing')
})

t.test('unknown methods and paths: method-not-allowed and not-found', async t => {
  const { call } = await startService(t)
  const known = ['GET /session', 'PUT /session', 'PATCH /me', 'DELETE /me', 'GET /session/renew', 'GET /guards/poll']
  for (const request of [...known, 'POST /livez']) {
    const [method = '', path = ''] = request.split(' ')
    assertProblem(t, await call(path, { method }), 'method-not-allowed')
  }
  for (const path of ['/', '/wp-login.php', '/problems/nonsense', '/problems/__proto__', `/${'x'.repeat(5000)}`])
    assertProblem(t, await call(path), 'not-found')
})

t.test('parameters that are repeated, too long or malformed: refused', async t => {
  const { call, createUser, login } = await startService(t)
  const { accessToken: token } = await login(await createUser())
  for (const path of ['/me?a=1&a=2', '/me?a=%00', '/sessions?a[]=1&a[]=2', '/problems/x?a=1&a=1'])
    assertProblem(t, await call(path, { token }), 'request-malformed')
  const longId = await call(`/sessions/${'a'.repeat(300)}`, { method: 'DELETE', token })
  t.ok(longId.status === 400 || longId.status === 404, `${longId.status}`)
  for (const id of ['1', "' OR 1=1 --", '..%2f..%2fme', '%F0%9F%98%80', 'null', '{}'])
    assertProblem(t, await call(`/sessions/${id}`, { method: 'DELETE', token }), 'request-malformed')
})

t.test('malformed headers and cookies: no 5xx', async t => {
  const { call, createUser, login } = await startService(t)
  const { accessToken: token, refreshToken } = await login(await createUser())
  for (const cookie of [
    '=',
    ';;;;',
    '__proto__=1; constructor=2',
    '__Secure-gatehouse',
    '__Secure-gatehouse="',
    '__Secure-gatehouse=%E0%A4%A',
    `${'a=b; '.repeat(2000)}`,
    '\u00ff\u00fe=\u00fd',
  ]) {
    const renewed = await call('/session/renew', { method: 'POST', headers: { cookie } })
    t.ok(['refresh-missing', 'refresh-invalid'].includes((renewed.body as { code: string }).code), cookie.slice(0, 30))
    t.equal((await call('/me', { token, headers: { cookie } })).status, 200)
  }
  for (const headers of [
    { prefer: 'wait=99999999999' },
    { prefer: 'wait=-1' },
    { prefer: 'wait=1e3' },
    { 'idempotency-key': 'a b' },
  ] as Record<string, string>[]) {
    const { status } = await call('/session', { method: 'DELETE', body: { refreshToken: 'ghr_x' }, headers })
    t.equal(Math.floor(status / 100), 4, JSON.stringify(headers))
  }
  for (const authorization of ['Bearer', 'Bearer  ', 'Bearer a,b', 'bearer\ta', 'Basic x', ',', '\u00e9', 'Bearer é'])
    t.equal(Math.floor((await call('/me', { headers: { authorization } })).status / 100), 4, authorization)
  t.equal((await renew({ call }, refreshToken)).status, 200)
})
