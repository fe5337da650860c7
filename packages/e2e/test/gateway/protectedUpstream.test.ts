/** A protected upstream: decisions after the body, identity headers, WebSocket handshakes. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { codeOf } from '@gatehouse/testkit'
import t from 'tap'
import { requireNginx } from '../../src/gateway/nginx.ts'
import { type Echo, startProtectedSystem } from '../../src/gateway/protectedSystem.ts'

requireNginx((count, why) => t.plan(count, why))

const identityHeaders = new URL('../../../../../services/gateway/nginx/identity-headers.conf', import.meta.url)
const dropHeaders = 'X-Company-User, X-Company-Role'
const { system, gateway, send, echoed } = await startProtectedSystem(t, {}, { dropHeaders })
const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })

/** Sends the head of a request and waits until nginx begins to read the body. */
async function beginRequest(head: string): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1')
  socket.setEncoding('utf8').write(`${head}\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n`)
  const [interim] = await once(socket, 'data')
  socket.pause()
  t.match(interim, /^HTTP\/1\.1 100 Continue/)
  return socket
}

async function responseOf(socket: Socket): Promise<string> {
  let received = ''
  for await (const chunk of socket) received += chunk
  return received
}

t.test('protected upstream: decides after the body has arrived, not at the head', async t => {
  const user = await system.createAccount('ada@example.org')
  const { accessToken: token } = await system.login(user)
  const { accessToken: adminToken } = await system.login(admin)
  const { body: me } = await send({ path: '/auth/me', token })
  const authorization = `Authorization: Bearer ${token}`
  const lengths = ['Content-Length: 10', 'Transfer-Encoding: chunked']
  const sockets = await Promise.all(
    lengths.map(length => beginRequest(`POST /example/orders HTTP/1.1\r\n${authorization}\r\n${length}`)),
  )
  for (const [index, socket] of sockets.entries()) socket.write(index === 0 ? '01234' : '5\r\n01234\r\n')

  const before = echoed()
  const path = `/auth/admin/users/${(me as { id: string }).id}/disable`
  const disabled = await send({ path, method: 'POST', token: adminToken, body: {} })
  t.match(disabled.body, { inForce: true })
  t.equal(codeOf(await send({ path: '/example/', token })), 'account-disabled')
  t.equal(codeOf(await send({ path: '/example/', token, body: 'x' })), 'account-disabled')
  for (const [index, socket] of sockets.entries()) socket.write(index === 0 ? '56789' : '0\r\n\r\n')
  for (const socket of sockets) {
    const response = await responseOf(socket)
    t.match(response, /HTTP\/1\.1 403 /)
    t.match(response, /"code":"account-disabled"/)
  }
  t.equal(echoed(), before, 'the upstream receives no request')
})

t.test('protected upstream: passes method, body and path of every kind of request', async t => {
  const { accessToken: token } = await system.login(admin)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const chunked = { 'transfer-encoding': 'chunked' }
    for (const headers of [{}, chunked]) {
      const { body } = await send({ path: '/example/a%20b?c=d', method, token, headers, body: 'x'.repeat(12_000) })
      t.match(body, { method, path: '/a%20b?c=d', body: 'x'.repeat(12_000) })
    }
  }
  t.match((await send({ path: '/example/', method: 'DELETE', token })).body, { method: 'DELETE', path: '/', body: '' })
  t.equal(codeOf(await send({ path: '/example/', body: 'x' })), 'token-missing')
})

t.test('protected upstream: requires the scopes of $needed_scope, with and without a body', async t => {
  const { accessToken: token } = await system.login(admin)
  for (const body of [undefined, 'x']) {
    const refused = await send({ path: '/example/restricted/x', token, ...(body === undefined ? {} : { body }) })
    t.equal(codeOf(refused), 'insufficient-scope')
    const challenge = refused.headers.get('www-authenticate') ?? ''
    t.match(challenge, /^Bearer .*error="insufficient_scope".*scope="storage:restricted"/)
    t.equal(challenge.split('Bearer').length, 2, 'one challenge')
  }
  t.match(await send({ path: '/example/restricted', token }), { status: 200 })
  const cleared = await system.createAccount('cleared@example.org', { scopes: ['storage:restricted'] })
  const { accessToken } = await system.login(cleared)
  t.match(await send({ path: '/example/restricted/x', token: accessToken }), { status: 200 })
})

t.test("gateway: drops the client's identity headers, the customary ones and those of DROP_HEADERS", async t => {
  const { accessToken: token } = await system.login(admin)
  const listed: string[] = readFileSync(identityHeaders, 'utf8').match(/(?<=^proxy_set_header )\S+/gm) ?? []
  for (const name of ['X-User', 'X-Forwarded-User', 'X-Remote-User', 'Remote-User', 'X-Auth-Email', 'X-Webauth-User'])
    t.ok(listed.includes(name), name)
  const names = [...listed, 'X-Company-User', 'X-Company-Role']
  for (let from = 0; from < names.length; from += 40) {
    const headers = Object.fromEntries(names.slice(from, from + 40).map(name => [name, 'evil']))
    const { status, body } = await send({ path: '/example/', token, headers })
    t.equal(status, 200)
    t.notMatch(JSON.stringify(body), /evil/)
  }
  const { body } = await send({ path: '/example/', token, headers: { 'x-company-team': 'red' } })
  t.equal((body as Echo).headers['x-company-team'], 'red', 'another header passes')
})

t.test('gateway: passes a WebSocket handshake and no other upgrade', async t => {
  const { accessToken: token } = await system.login(admin)
  const socket = connect(gateway.port, '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  const handshake = ['GET /example/socket HTTP/1.1', 'Host: a', `Authorization: Bearer ${token}`]
  socket.write([...handshake, 'Connection: Upgrade', 'Upgrade: websocket', '', ''].join('\r\n'))
  const [accepted] = await once(socket, 'data')
  t.match(accepted, /^HTTP\/1\.1 101 [\s\S]*upgrade: websocket/i)
  socket.write('frame')
  t.equal((await once(socket, 'data'))[0], 'frame')

  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' }
  const { headers: seen } = (await send({ path: '/example/', token, headers })).body as Echo
  t.notOk(seen.upgrade)
  const refused = await send({ path: '/example/', headers: { connection: 'Upgrade', upgrade: 'websocket' } })
  t.equal(codeOf(refused), 'token-missing')
})

t.test('gateway: every response has the security headers once', async t => {
  const { accessToken: token } = await system.login(admin)
  for (const path of ['/example/', '/auth/me', '/api/storage', '/nothing', '/auth/me?password=x', '/api/me']) {
    const { headers } = await send({ path, ...(path === '/api/me' ? {} : { token }) })
    t.equal(headers.get('x-content-type-options'), 'nosniff', path)
    t.equal(headers.get('referrer-policy'), 'no-referrer', path)
    t.match(headers.get('content-security-policy'), /frame-ancestors 'none'/, path)
    t.equal(headers.get('content-security-policy')?.match(/frame-ancestors/g)?.length, 1, path)
  }
})
