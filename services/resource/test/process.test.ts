/** The real process: start and stop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@gatehouse/clock'
import { claimsAt, fakeAuth, signingKey, tokenOf } from '@gatehouse/testkit'
import t from 'tap'
import { environment } from './helpers/service.ts'

const main = fileURLToPath(new URL('../src/main.js', import.meta.url))

function start(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [main], { env: { PATH: process.env['PATH'], ...env } })
  return { child, ended: once(child, 'exit') }
}

t.test('start: exits with status 1 and one sentence when the configuration is not valid', async t => {
  const { child, ended } = start(environment({ PORT: 'x' }))
  const output = await text(child.stderr)
  t.equal(output, 'PORT must be a whole number from 0 to 65535, not "x". The port in the examples.\n')
  t.same(await ended, [1, null])
})

t.test('start: exits with one sentence when CLOCK_TOLERANCE_MS exceeds the limit of the feed', async t => {
  const auth = await fakeAuth(systemClock)
  t.teardown(auth.stop)
  auth.maxToleranceMs = 4000
  const key = signingKey().pem.replaceAll('\n', '\\n')
  const { child, ended } = start(environment({ PORT: '0', AUTH_URLS: auth.url, PUBLIC_KEY: key }))
  t.match(await text(child.stderr), /^CLOCK_TOLERANCE_MS is 5000 and must not exceed 4000, which [^\n]+\n$/)
  t.same(await ended, [1, null])
})

t.test('SIGTERM: finishes running requests, closes streams, leaves the feed and exits with status 0', async t => {
  const auth = await fakeAuth(systemClock)
  t.teardown(auth.stop)
  const key = signingKey()
  const PUBLIC_KEY = key.pem.replaceAll('\n', '\\n')
  const env = { PORT: '0', AUTH_URLS: auth.url, PUBLIC_KEY, LOG_LEVEL: 'info', DRAIN_MS: '100' }
  const { child, ended } = start(environment(env))
  const port = await new Promise<number>(resolve => {
    createInterface(child.stdout).on('line', line => {
      const { msg, address } = JSON.parse(line)
      if (msg === 'listening') resolve(Number(new URL(address).port))
    })
  })
  await auth.holding()
  t.equal(auth.guards.size, 1)

  const authorization = `Authorization: Bearer ${tokenOf(key, claimsAt(Date.now()))}`
  const idle = connect(port, '127.0.0.1')
  await once(idle, 'connect')
  const stream = connect(port, '127.0.0.1')
  stream.write(`GET /storage/events HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`)
  const [first] = await once(stream, 'data')
  t.match(String(first), /200 OK/)
  // Half of a request has arrived when the process receives the signal.
  const inFlight = connect(port, '127.0.0.1')
  inFlight.write(`GET /me HTTP/1.1\r\nHost: x\r\n${authorization}\r\n`)
  child.kill('SIGTERM')
  const rest = text(stream)
  inFlight.write('\r\n')
  t.match(await text(inFlight), /^HTTP\/1\.1 200 OK/)
  t.match(await rest, /"code":"shutdown"/)
  t.same(await ended, [0, null])
  t.equal(auth.guards.size, 0)
})
