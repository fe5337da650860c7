/** Requests over real connections, with every way in which a response can fail. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import * as https from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import { createCertificate, fakeClock } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { sendRequest, TimeoutError } from '../../src/feed/httpClient.ts'

const limits = { timeoutMs: 20_000, maxBytes: 1000 }

async function listening(t: Test, server: Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/**
 * Starts a server.
 * @returns a function that sends a request to it, and the number of its connections
 */
async function startServer(t: Test, answers: RequestListener) {
  const server = createServer(answers)
  const connections = { count: 0 }
  server.on('connection', () => {
    connections.count += 1
  })
  const url = `http://127.0.0.1:${await listening(t, server)}`
  const send = (more: object = {}, clock = systemClock) => sendRequest(clock, { url, ...limits, ...more })
  return { send, connections }
}

t.test('sendRequest: sends method, headers and body, and returns a response of any status', async t => {
  const { send, connections } = await startServer(t, async (request, response) => {
    const { method, headers } = request
    const { 'x-given': given, 'content-length': length } = headers
    response.writeHead(418).end(JSON.stringify({ method, given, length, body: await text(request) }))
  })
  const { status, text: answered } = await send({ method: 'POST', headers: { 'x-given': 'yes' }, body: 'grüße' })
  t.equal(status, 418)
  t.strictSame(JSON.parse(answered), { method: 'POST', given: 'yes', length: '7', body: 'grüße' })
  t.match(JSON.parse((await send()).text), { method: 'GET', body: '' })
  t.equal(connections.count, 1, 'over the same connection')
})

t.test('sendRequest: does not follow a redirect', async t => {
  const requested: unknown[] = []
  const { send } = await startServer(t, ({ url }, response) => {
    requested.push(url)
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  t.strictSame(await send(), { status: 302, text: '' })
  t.strictSame(requested, ['/'])
})

t.test('sendRequest: times out before the response and within its body', async t => {
  for (const begin of [false, true]) {
    const clock = fakeClock({ wallMs: 0 })
    const { send } = await startServer(t, (_request, response) => {
      if (begin) response.write('{')
      setTimeout(() => clock.advance(limits.timeoutMs), 20)
    })
    await t.rejects(send({}, clock), new TimeoutError('no response within 20000 ms'))
  }
})

t.test('sendRequest: aborts with the reason of the signal, before and during the request', async t => {
  const stopping = new AbortController()
  const reason = new Error('stopping')
  const { send, connections } = await startServer(t, () => stopping.abort(reason))
  await t.rejects(send({ signal: stopping.signal }), reason)
  t.equal(connections.count, 1)
  await t.rejects(send({ signal: stopping.signal }), reason)
  t.equal(connections.count, 1, 'no request is sent')
})

t.test('sendRequest: closes the connection when a body exceeds the limit', async t => {
  let isCut = false
  const { send } = await startServer(t, (_request, response) => {
    const more = setInterval(() => response.write('x'.repeat(600)), 1)
    response.on('close', () => {
      clearInterval(more)
      isCut = true
    })
  })
  await t.rejects(send(), new RangeError('the response is larger than 1000 bytes'))
  while (!isCut) await systemClock.sleep(1)
  const exactly = await startServer(t, (_request, response) => response.end('x'.repeat(1000)))
  t.equal((await exactly.send()).text.length, 1000)
})

t.test('sendRequest: rejects a truncated response', async t => {
  const { send } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half')
    setTimeout(() => response.destroy(), 10)
  })
  await t.rejects(send(), { code: 'ECONNRESET' })
})

/**
 * Starts a server whose connections the test answers with bytes.
 * @returns `send`, and `nextRequest`, which resolves with the connection of the next request
 */
async function startRawServer(t: Test) {
  const waiting: ((socket: Socket) => void)[] = []
  const server = createTcpServer(socket => socket.on('data', () => waiting.shift()?.(socket)).on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    send: (clock = systemClock, more: object = {}) => sendRequest(clock, { url, ...limits, ...more }),
    nextRequest: () => new Promise<Socket>(resolve => waiting.push(resolve)),
  }
}

const responseOf = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** What arrives outside of a response, and when. */
const strayBytes: [string, (socket: Socket, answered: Promise<unknown>) => Promise<void>][] = [
  ['with it', async socket => void socket.write(responseOf('first') + responseOf('first'))],
  [
    'on the idle connection',
    async (socket, answered) => {
      socket.write(responseOf('first'))
      await answered
      // Repeated, so that no idle timeout closes the connection.
      const more = setInterval(() => socket.write(responseOf('first')), 20)
      socket.once('close', () => clearInterval(more))
    },
  ],
]

for (const [when, answer] of strayBytes) {
  t.test(`sendRequest: a second copy of a response that comes ${when} is no answer to the next request`, async t => {
    const { send, nextRequest } = await startRawServer(t)
    const first = nextRequest()
    const answered = send()
    const socket = await first
    const closed = once(socket, 'close')
    await answer(socket, answered)
    t.equal((await answered).text, 'first')
    await closed
    const second = nextRequest()
    const next = send()
    ;(await second).end(responseOf('second'))
    t.equal((await next).text, 'second')
  })
}

t.test('sendRequest: closes the connection when the response to another request comes as the response', async t => {
  const { send, nextRequest } = await startRawServer(t)
  const first = nextRequest()
  const answered = send()
  const socket = await first
  socket.write(responseOf('first'))
  await answered
  const second = nextRequest()
  const rejected = t.rejects(
    send(systemClock, { isResponse: (headers: object) => !('content-length' in headers) }),
    new Error('the response belongs to another request'),
  )
  t.equal(await second, socket, 'over the same connection')
  const closed = once(socket, 'close')
  socket.write(responseOf('first'))
  await rejected
  await closed
})

t.test('sendRequest: the late response to a request that timed out is no answer to the next one', async t => {
  const { send, nextRequest } = await startRawServer(t)
  const first = nextRequest()
  const clock = fakeClock({ wallMs: 0 })
  const late = t.rejects(send(clock), new TimeoutError('no response within 20000 ms'))
  const socket = await first
  const closed = once(socket, 'close')
  await clock.advance(limits.timeoutMs)
  await late
  const second = nextRequest()
  const next = send()
  const other = await second
  t.not(other, socket)
  socket.write(responseOf('first'))
  await closed
  other.end(responseOf('second'))
  t.equal((await next).text, 'second')
})

t.test('sendRequest: rejects an unreachable server and an invalid URL', async t => {
  const server = createServer()
  const port = await listening(t, server)
  server.close()
  await once(server, 'close')
  await t.rejects(sendRequest(systemClock, { url: `http://127.0.0.1:${port}`, ...limits }), { code: 'ECONNREFUSED' })
  await t.rejects(sendRequest(systemClock, { url: 'nowhere', ...limits }), { code: 'ERR_INVALID_URL' })
  await t.rejects(sendRequest(systemClock, { url: 'ftp://127.0.0.1', ...limits }), { code: 'ERR_INVALID_PROTOCOL' })
})

t.test('sendRequest: verifies the TLS certificate', async t => {
  const { key, crt } = createCertificate(t.testdir(), 'IP:127.0.0.1')
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(crt) }, (_request, response) => {
    response.end('private')
  })
  const url = `https://127.0.0.1:${await listening(t, server)}`
  await t.rejects(sendRequest(systemClock, { url, ...limits }), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

  const script = `
    import { sendRequest } from ${JSON.stringify(new URL('../../src/feed/httpClient.js', import.meta.url).href)}
    import { systemClock } from ${JSON.stringify(import.meta.resolve('@gatehouse/clock'))}
    const { status, text } = await sendRequest(systemClock, ${JSON.stringify({ url, ...limits })})
    console.log(status, text)`
  const trusting = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: crt },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.equal(await text(trusting.stdout), '200 private\n', 'the process ends although the connection is kept alive')
})
