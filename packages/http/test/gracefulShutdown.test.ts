/** An end that drops nobody: what is on its way when the server closes is still answered. */
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

t.test('a connection that was made just before the server closed may still say its request', async t => {
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
  const mute = connect(port, '127.0.0.1')
  await once(app.server, 'connection')
  await clock.advance(drainMs)
  await closing
  late.write(request)
  t.match(await text(late), /^HTTP\/1\.1 200 OK[\s\S]*answered$/)

  const told = text(mute)
  for (let look = 1; look <= 2; look += 1) {
    while (clock.sleepers() === 0) await nextTurn()
    await clock.advance(100)
  }
  t.equal(await told, '', 'one that says nothing is closed')
  await stopped
})

t.test('a request that came while the service was busy is read before its connection is called mute', async t => {
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
  const told = text(late)
  await clock.advance(100)
  t.match(await told, /answered$/)
  await stopped
})

t.test('who connects while the last look is busy with others is still taken in', async t => {
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  let answer: Promise<string> | undefined
  // Within the second turn of the last look, whose reading is over by then: the kernel takes the connection, and it waits there.
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
