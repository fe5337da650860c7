/** The answers for a gateway's sub-request, which no client can forge. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { METHODS, request } from 'node:http'
import { maxAccessTokenLength, problemDefinition } from '@gatehouse/contract'
import { bearer, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { resource } from './helpers/service.ts'

const nginxConf = new URL('../../../gateway/nginx/token-size.conf', import.meta.url)

t.test('GET /verify: makes identity headers from the token and copies none of the request', async t => {
  const service = await resource(t)
  const token = service.token({ sub: 'ada', sid: 's1', roles: ['user', 'auditor'], scope: 'a b' })
  const spoofed = { 'x-auth-subject': 'root', 'x-auth-roles': 'admin', 'X-Auth-Extra': 'x' }
  const { status, headers, text } = await service.send('/verify', { ...bearer(token), ...spoofed })
  t.same([status, text], [204, ''])
  t.match(headers, {
    'x-auth-subject': 'ada',
    'x-auth-session': 's1',
    'x-auth-roles': 'user,auditor',
    'x-auth-scope': 'a b',
    'x-auth-client': 'first-party',
    'cache-control': 'no-store',
  })
  t.equal(headers['x-auth-extra'], undefined)
})

t.test('GET /verify: sends no identity headers when the token is not valid', async t => {
  const service = await resource(t)
  const { headers, ...refused } = await service.send('/verify', { ...bearer('rubbish'), 'x-auth-subject': 'root' })
  t.equal(problemMismatch({ headers, ...refused }, 'token-invalid'), null)
  t.equal(headers['x-auth-subject'], undefined)
})

t.test('/verify with X-Verify-Scope: refuses a token without the scope, with the challenge', async t => {
  const service = await resource(t)
  const headers = bearer(service.token({ scope: 'a b' }))
  const verify = (scope: string | string[]) => service.send('/verify', { ...headers, 'x-verify-scope': scope })
  t.match(await verify('a b'), { status: 204 })
  t.match(await verify(''), { status: 204 })
  const refused = await verify('a c')
  t.equal(problemMismatch(refused, 'insufficient-scope'), null)
  t.match(refused.headers['www-authenticate'], /scope="a c"/)
  t.equal(problemMismatch(await verify(['a', 'b']), 'insufficient-scope'), null, 'the header twice')
  for (const scope of ['a  b', 'a,"b"', 'x'.repeat(501)])
    t.equal(problemMismatch(await verify(scope), 'request-malformed'), null, scope.slice(0, 20))
})

t.test('/verify with VERIFY_SCOPE: every request needs the scopes, and those of the header', async t => {
  const service = await resource(t, { VERIFY_SCOPE: 'a, b', VERIFY_STATUS: '200' })
  const verify = (scope: string, headers = {}) =>
    service.send('/verify', { ...bearer(service.token({ scope })), ...headers })
  t.equal(problemMismatch(await verify('a'), 'insufficient-scope'), null)
  t.match(await verify('a b'), { status: 200, text: '' })
  t.equal(problemMismatch(await verify('a b', { 'x-verify-scope': 'c' }), 'insufficient-scope'), null)
})

t.test('/verify: ignores the path below it and the query string', async t => {
  const service = await resource(t)
  const headers = bearer(service.token())
  const paths = ['/verify?page=2&page=3', '/verify?scope=admin', '/verify?access_token=x', '/verify/', '/verify?']
  for (const path of [...paths, '/verify/storage/a%2Fb?x', '/verify//x', '/verify/%00', `/verify/${'x'.repeat(3000)}`])
    t.match(await service.send(path, headers), { status: 204, headers: { 'x-auth-subject': /./ } }, path.slice(0, 40))
  t.equal(problemMismatch(await service.send('/verify/me'), 'token-missing'), null)
  t.equal(problemMismatch(await service.send('/verifying', headers), 'not-found'), null)
})

t.test('GET /verify: the identity headers of the largest token fit into the buffer of the gateway', async t => {
  const service = await resource(t)
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
  const service = await resource(t)
  const headers = { ...bearer(service.token()), 'content-type': 'nonsense' }
  const verify = async (method: string, fields: Record<string, string>) => {
    const body = method === 'GET' || method === 'HEAD' ? '' : 'not JSON at all'
    const sent = { ...fields, 'content-length': String(body.length) }
    const sending = request({ method, port: service.port, path: '/verify', headers: sent, agent: false }).end(body)
    const [response] = await once(sending, 'response')
    response.resume()
    return response.statusCode
  }
  for (const method of METHODS.filter(name => name !== 'CONNECT')) {
    t.equal(await verify(method, headers), 204, method)
    t.equal(await verify(method, {}), problemDefinition('token-missing').status, `${method} without a token`)
  }
})

t.test('GET /verify: encodes line breaks, commas and spaces in header values', async t => {
  const service = await resource(t)
  const token = service.token({ sub: 'a\r\nx-auth-roles: admin', roles: ['a,admin', 'ä b'], client_id: 'c d' })
  const { headers } = await service.send('/verify', bearer(token))
  t.match(headers, {
    'x-auth-subject': 'a%0D%0Ax-auth-roles:%20admin',
    'x-auth-roles': 'a%2Cadmin,%C3%A4%20b',
    'x-auth-client': 'c%20d',
  })
})
