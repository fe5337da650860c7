/** Methods that a path does not have get 405 with `Allow`; OPTIONS gets 204 with `Allow`. */

import { crossOrigin, fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import { codeOf, httpClient } from '@gatehouse/testkit'
import fastify from 'fastify'
import t, { type Test } from 'tap'

const problemOptions = { problemBase: 'https://auth.example/problems', realm: 'warehouse' }

async function fixture(t: Test, origins: string[] = []) {
  const app = fastify(fastifyDefaults({ ...problemOptions, logLevel: 'silent' }))
  await app.register(crossOrigin, { origins, credentials: 'include' })
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
  await app.register(strictRequests)
  await app.register(async inside => {
    inside.addHook('onRequest', async () => {
      throw new Error('no other method reaches the hooks of a scope')
    })
    inside.put('/things/:id', () => 'ok')
    inside.get('/things/:id', () => 'ok')
    inside.post('/things/all', () => 'ok')
  })
  t.teardown(() => app.close())
  return httpClient(await app.listen({ port: 0, host: '127.0.0.1' }))
}

const refused: [method: string, path: string, allow: string][] = [
  ['POST', '/things/7?a=b', 'GET, HEAD, OPTIONS, PUT'],
  ['PATCH', '/things/a%20b', 'GET, HEAD, OPTIONS, PUT'],
  ['DELETE', '/things/all', 'OPTIONS, POST'],
  ['PROPFIND', '/things/7', 'GET, HEAD, OPTIONS, PUT'],
]

t.test('405: a method that the path lacks is refused with Allow, whatever its body', async t => {
  const call = await fixture(t)
  for (const [method, path, allow] of refused) {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const response = await call(path, { method, headers: { 'content-type': type }, body: '{"not":' })
      t.equal(response.status, 405, `${method} ${path} ${type}`)
      t.equal(codeOf(response), 'method-not-allowed')
      t.equal(response.headers.get('allow'), allow)
    }
  }
})

t.test('404: an unknown path has no method', async t => {
  const call = await fixture(t)
  for (const path of ['/', '/thing', '/things/1/2']) {
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const response = await call(path, { method })
      t.equal(codeOf(response), 'not-found', `${method} ${path}`)
      t.equal(response.headers.get('allow'), null)
    }
  }
})

t.test('OPTIONS: names the methods, for pages of other origins only to those that are listed', async t => {
  const listed = 'https://shop.example'
  const call = await fixture(t, [listed])
  const plain = await call('/things/7', { method: 'OPTIONS' })
  t.equal(plain.status, 204)
  t.equal(plain.headers.get('allow'), 'GET, HEAD, OPTIONS, PUT')
  const preflight = (origin: string) =>
    call('/things/7', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })
  for (const other of ['https://evil.example', 'https://shop.example.evil.example', 'null', 'https://Shop.example'])
    t.equal((await preflight(other)).headers.get('access-control-allow-origin'), null, other)
  const { headers } = await preflight(listed)
  t.equal(headers.get('access-control-allow-origin'), listed)
  t.equal(headers.get('access-control-allow-credentials'), 'true')
  t.match(headers.get('access-control-allow-methods'), /PUT.*DELETE/)
  t.equal(headers.get('vary'), 'Origin, Access-Control-Request-Headers')
})

t.test('CORS: a refusal carries the headers of its origin', async t => {
  const listed = 'https://shop.example'
  const call = await fixture(t, [listed])
  for (const [path, status] of [
    ['/nothing', 404],
    ['/things/7', 405],
  ] as const) {
    const response = await call(path, { method: 'DELETE', headers: { origin: listed } })
    t.equal(response.status, status)
    t.equal(response.headers.get('access-control-allow-origin'), listed)
    t.match(response.headers.get('access-control-expose-headers'), /ETag.*Location.*Retry-After.*WWW-Authenticate/)
  }
  const without = await fixture(t)
  t.equal((await without('/nothing', { headers: { origin: listed } })).headers.get('vary'), null)
})
