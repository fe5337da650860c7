/** Graceful shutdown: requests on open connections are answered. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '@gatehouse/clock'
import { gracefulShutdown, trackConnections } from '@gatehouse/http'
import { fakeClock } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'

const drainMs = 500
const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

t.test('shutdown: answers a request on a connection accepted before closing, and closes a silent one', async t => {
  const clock = fakeClock({ wallMs: 0 })
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  const closing = new Promise<void>(resolve => app.addHook('preClose', async () => resolve()))
  const connections = trackConnections(app, clock)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const stopped = gracefulShutdown(app, { clock, connections, drainMs, signal: 'SIGTERM' })

  const accepted = once(app.server, 'connection')
  const late = connect(port, '127.0.0.1')
  await accepted
  const silent = connect(port, '127.0.0.1')
  await once(app.server, 'connection')
  await clock.advance(drainMs)
  await closing
  late.write(request)
  t.match(await text(late), /^HTTP\/1\.1 200 OK[\s\S]*answered$/)

  const received = text(silent)
  for (let check = 1; check <= 2; check += 1) {
    while (clock.sleepers() === 0) await nextTurn()
    await clock.advance(100)
  }
  t.equal(await received, '', 'a connection without data is closed')
  await stopped
})

t.test('shutdown: reads data that arrived during a busy turn before it closes silent connections', async t => {
  const clock = fakeClock({ wallMs: 0 })
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  const connections = trackConnections(app, clock)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const late = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const accepted = once(app.server, 'connection')
  await Promise.all([once(late, 'connect'), accepted])
  const stopped = gracefulShutdown(app, { clock, connections, drainMs, signal: 'SIGTERM' })
  await clock.advance(drainMs)
  while (app.server.listening) await nextTurn()
  late.write(request)
  const received = text(late)
  await clock.advance(100)
  t.match(await received, /answered$/)
  await stopped
})

t.test('shutdown: accepts a connection from the accept queue during a busy turn', async t => {
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  let answer: Promise<string> | undefined
  // The poll phase of that turn has passed, so the connection waits in the accept queue of the
  // kernel.
  app.addHook('preClose', async () => {
    setImmediate(() =>
      setImmediate(() => {
        const late = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
        late.write(request)
        answer = text(late)
        const untilMs = systemClock.nowMs() + 20
        while (systemClock.nowMs() < untilMs);
      }),
    )
  })
  const connections = trackConnections(app, systemClock)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await gracefulShutdown(app, { clock: systemClock, connections, drainMs: 0, signal: 'SIGTERM' })
  t.match(await answer, /answered$/)
})

t.test('shutdown: accepts all connections of the accept queue, of which Node takes one per turn', async t => {
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  let answers: Promise<string>[] = []
  app.addHook('preClose', async () => {
    setImmediate(() =>
      setImmediate(() => {
        const { port } = app.server.address() as AddressInfo
        answers = Array.from({ length: 40 }, () => {
          const late = connect(port, '127.0.0.1')
          late.write(request)
          return text(late).catch(String)
        })
      }),
    )
  })
  const connections = trackConnections(app, systemClock)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await gracefulShutdown(app, { clock: systemClock, connections, drainMs: 0, signal: 'SIGTERM' })
  const lost = (await Promise.all(answers)).filter(answer => !answer.endsWith('answered'))
  t.same(lost, [])
})
