/** TLS at the gateway with the shipped listener. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { createCertificate } from '@gatehouse/testkit'
import t from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'

requireNginx((count, why) => t.plan(count, why))

const certificates = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
const ca = readFileSync(createCertificate(certificates, 'IP:127.0.0.1').crt)
const echo = createServer(async (request, response) => {
  for await (const _ of request);
  response.end(JSON.stringify(request.headers))
}).listen(0, '127.0.0.1')
await once(echo, 'listening')
const address = `127.0.0.1:${(echo.address() as AddressInfo).port}`
t.teardown(() => {
  echo.close()
  rmSync(certificates, { recursive: true, force: true })
})

t.test('tls: accepts TLS 1.2 and newer, and forwards the scheme https', async t => {
  const gateway = await startGateway({ auths: [address], resources: [address], certificates })
  t.teardown(gateway.stop)
  const ask = async (path: string): Promise<IncomingMessage> =>
    (await once(get(`${gateway.url}${path}`, { ca, agent: false }), 'response'))[0]
  const passed = await ask('/auth/me')
  t.equal(passed.headers['strict-transport-security'], 'max-age=31536000')
  t.match(await json(passed), { 'x-forwarded-proto': 'https', 'x-forwarded-host': `127.0.0.1:${gateway.port}` })
  const refused = await ask('/nothing')
  t.equal(refused.headers['strict-transport-security'], 'max-age=31536000')
  t.match(await json(refused), { code: 'not-found', type: `${gateway.url}/auth/problems/not-found` })

  const old = connect({ host: '127.0.0.1', port: gateway.port, ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
  const [error] = await once(old, 'error')
  t.match(error.code, /^ERR_SSL/)

  const plain = await fetch(`http://127.0.0.1:${gateway.port}/auth/me`)
  t.equal(plain.status, 400, 'plain HTTP is answered with a problem')
  t.match(await plain.json(), { code: 'request-malformed', action: 'stop' })
})

t.test('tls: over HTTP/2, a body in parts passes, and one that takes longer than BODY_TIMEOUT is 408', async t => {
  const options = { auths: [address], resources: [address], example: address, certificates }
  const gateway = await startGateway({ ...options, hasHttp2: true, bodyTimeout: '1' })
  t.teardown(gateway.stop)
  const session = connectHttp2(gateway.url, { ca })
  t.teardown(() => session.destroy())
  const post = async (path: string, length: Record<string, string>, isWhole: boolean) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ...length })
    stream.write('x')
    const parts = setInterval(() => (isWhole ? stream.end('x') : stream.write('x')), 100)
    const [headers] = await once(stream, 'response')
    clearInterval(parts)
    const body = await json(stream)
    stream.destroy()
    return { status: headers[':status'], body }
  }
  for (const path of ['/auth/session', '/example/'])
    for (const length of [{}, { 'content-length': '2' }]) {
      t.match(await post(path, length, true), { status: 200, body: { 'content-length': '2' } }, path)
      const long = 'content-length' in length ? { 'content-length': '100' } : {}
      t.match(await post(path, long, false), { status: 408, body: { code: 'request-malformed', status: 408 } }, path)
    }
  const answer = await json(session.request({ ':path': '/auth/me' }))
  t.match(answer, { 'x-forwarded-proto': 'https' }, 'the connection serves other requests')
})
