/** The answers for a gateway's sub-request, which no client can forge. */
import { readFileSync } from 'node:fs'
import { maxAccessTokenLength, problemDefinition } from '@gatehouse/contract'
import { bearer, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { resource } from './helpers/service.ts'

const nginxConf = new URL('../../../gateway/nginx/token-size.conf', import.meta.url)

t.test('GET /verify: makes identity headers from the token and copies none of the request', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const token = service.token({ sub: 'ada', sid: 's1', roles: ['user', 'auditor'], scope: 'a b' })
  const spoofed = { 'x-auth-subject': 'root', 'x-auth-roles': 'admin', 'X-Auth-Extra': 'x' }
  const { status, headers, text } = await service.send('/verify', { ...bearer(token), ...spoofed })
  t.same([status, text], [204, ''])
  t.match(headers, {
    ...{ 'x-auth-subject': 'ada', 'x-auth-session': 's1', 'x-auth-roles': 'user,auditor', 'x-auth-scope': 'a b' },
    ...{ 'x-auth-client': 'first-party', 'cache-control': 'no-store' },
  })
  t.equal(headers['x-auth-extra'], undefined)
})

t.test('GET /verify: sends no identity headers when the token is not valid', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const { headers, ...refused } = await service.send('/verify', { ...bearer('rubbish'), 'x-auth-subject': 'root' })
  t.equal(problemMismatch({ headers, ...refused }, 'token-invalid'), null)
  t.equal(headers['x-auth-subject'], undefined)
})

t.test('GET /verify?scope: refuses a token without the scope, with the challenge', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const headers = bearer(service.token({ scope: 'a b' }))
  t.match(await service.send('/verify?scope=a%20b', headers), { status: 204 })
  const refused = await service.send('/verify?scope=a+c', headers)
  t.equal(problemMismatch(refused, 'insufficient-scope'), null)
  t.match(refused.headers['www-authenticate'], /scope="a c"/)
  for (const query of ['scope=a&scope=b', 'scopes=a', 'scope=', 'scope=%22', 'scope=%00']) {
    t.equal(problemMismatch(await service.send(`/verify?${query}`, headers), 'request-malformed'), null, query)
  }
})

t.test('GET /verify: the identity headers of the largest token fit into the buffer of the gateway', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const longest = (length: number) => service.token({ scope: Array.from({ length }, () => '!'.repeat(50)).join(' ') })
  let scopes = 1
  while (longest(scopes + 1).length <= maxAccessTokenLength) scopes += 1
  const { status, headers } = await service.send('/verify', bearer(longest(scopes)))
  t.equal(status, 204)
  const [, size] = /proxy_buffer_size (\d+)k;/.exec(readFileSync(nginxConf, 'utf8')) ?? []
  t.ok(JSON.stringify(headers).length < Number(size) * 1024)
  const tooLong = await service.send('/verify', bearer(longest(scopes + 2)))
  t.equal(problemMismatch(tooLong, 'token-invalid'), null)
})

t.test('/verify: answers every method and reads no body', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const headers = { ...bearer(service.token()), 'content-type': 'nonsense' }
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
    const payload = method === 'GET' || method === 'HEAD' ? {} : { payload: 'not JSON at all' }
    const reply = await service.app.inject({ method, url: '/verify', headers, ...payload })
    t.equal(reply.statusCode, 204, method)
    const refused = await service.app.inject({ method, url: '/verify', ...payload })
    t.equal(refused.statusCode, problemDefinition('token-missing').status, `${method} without a token`)
  }
})

t.test('GET /verify: encodes line breaks, commas and spaces in header values', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const token = service.token({ sub: 'a\r\nx-auth-roles: admin', roles: ['a,admin', 'ä b'], client_id: 'c d' })
  const { headers } = await service.send('/verify', bearer(token))
  t.match(headers, {
    'x-auth-subject': 'a%0D%0Ax-auth-roles:%20admin',
    'x-auth-roles': 'a%2Cadmin,%C3%A4%20b',
    'x-auth-client': 'c%20d',
  })
})
