/** Questions to another service, over real connections: every way in which an answer can fail to come. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import { fakeClock } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { httpClient, TimeoutError } from '../../src/feed/httpClient.ts'

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

/** @returns a way to ask a server that answers so, and how many connections it has seen */
async function serverThat(t: Test, answers: RequestListener) {
  const server = createServer(answers)
  const connections = { count: 0 }
  server.on('connection', () => {
    connections.count += 1
  })
  const url = `http://127.0.0.1:${await listening(t, server)}`
  const ask = (more: object = {}, clock = systemClock) => httpClient(clock, { url, ...limits, ...more })
  return { ask, connections }
}

t.test('what is sent arrives, and any status is an answer', async t => {
  const { ask, connections } = await serverThat(t, async (request, response) => {
    const { method, headers } = request
    const { 'x-given': given, 'content-length': length } = headers
    response.writeHead(418).end(JSON.stringify({ method, given, length, body: await text(request) }))
  })
  const { status, text: answered } = await ask({ method: 'POST', headers: { 'x-given': 'yes' }, body: 'grüße' })
  t.equal(status, 418)
  t.strictSame(JSON.parse(answered), { method: 'POST', given: 'yes', length: '7', body: 'grüße' })
  t.match(JSON.parse((await ask()).text), { method: 'GET', body: '' })
  t.equal(connections.count, 1, 'over the same connection')
})

t.test('a redirect is not followed', async t => {
  const asked: unknown[] = []
  const { ask } = await serverThat(t, ({ url }, response) => {
    asked.push(url)
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  t.strictSame(await ask(), { status: 302, text: '' })
  t.strictSame(asked, ['/'])
})

t.test('silence ends in time: before the answer, and within it', async t => {
  for (const begin of [false, true]) {
    const clock = fakeClock({ wallMs: 0 })
    const { ask } = await serverThat(t, (_request, response) => {
      if (begin) response.write('{')
      setTimeout(() => clock.advance(limits.timeoutMs), 20)
    })
    await t.rejects(ask({}, clock), new TimeoutError('no answer within 20000 ms'))
  }
})

t.test('whoever stops is not kept: before, and meanwhile', async t => {
  const stopping = new AbortController()
  const reason = new Error('stopping')
  const { ask, connections } = await serverThat(t, () => stopping.abort(reason))
  await t.rejects(ask({ signal: stopping.signal }), reason)
  t.equal(connections.count, 1)
  await t.rejects(ask({ signal: stopping.signal }), reason)
  t.equal(connections.count, 1, 'nobody is asked any more')
})

t.test('an answer without end is left, and its connection with it', async t => {
  let isCut = false
  const { ask } = await serverThat(t, (_request, response) => {
    const more = setInterval(() => response.write('x'.repeat(600)), 1)
    response.on('close', () => {
      clearInterval(more)
      isCut = true
    })
  })
  await t.rejects(ask(), new RangeError('the answer is larger than 1000 bytes'))
  while (!isCut) await systemClock.sleep(1)
  const exactly = await serverThat(t, (_request, response) => response.end('x'.repeat(1000)))
  t.equal((await exactly.ask()).text.length, 1000)
})

t.test('half an answer is none', async t => {
  const { ask } = await serverThat(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half')
    setTimeout(() => response.destroy(), 10)
  })
  await t.rejects(ask(), { code: 'ECONNRESET' })
})

t.test('a server that is not there, and an address that is none', async t => {
  const server = createServer()
  const port = await listening(t, server)
  server.close()
  await once(server, 'close')
  await t.rejects(httpClient(systemClock, { url: `http://127.0.0.1:${port}`, ...limits }), { code: 'ECONNREFUSED' })
  await t.rejects(httpClient(systemClock, { url: 'nowhere', ...limits }), { code: 'ERR_INVALID_URL' })
  await t.rejects(httpClient(systemClock, { url: 'ftp://127.0.0.1', ...limits }), { code: 'ERR_INVALID_PROTOCOL' })
})

t.test('over TLS only whom the process trusts is asked', async t => {
  const dir = t.testdir()
  const [key, cert] = [`${dir}/key.pem`, `${dir}/cert.pem`]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    response.end('private')
  })
  const url = `https://127.0.0.1:${await listening(t, server)}`
  await t.rejects(httpClient(systemClock, { url, ...limits }), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

  const asking = `
    import { httpClient } from ${JSON.stringify(new URL('../../src/feed/httpClient.js', import.meta.url).href)}
    import { systemClock } from ${JSON.stringify(import.meta.resolve('@gatehouse/clock'))}
    const { status, text } = await httpClient(systemClock, ${JSON.stringify({ url, ...limits })})
    console.log(status, text)`
  const trusting = spawn(process.execPath, ['--input-type=module', '--eval', asking], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.equal(await text(trusting.stdout), '200 private\n', 'and it ends, though its connection is kept')
})
