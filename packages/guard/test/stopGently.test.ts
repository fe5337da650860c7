/** An end that drops nobody: what is on its way when the server closes is still answered. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { openConnections, stopGently } from '@gatehouse/guard'
import { handClock } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'

const drainMs = 500

t.test('a connection that was made just before the server closed may still say its request', async t => {
  const clock = handClock({ wallMs: 0 })
  const app = fastify({ return503OnClosing: false })
  app.get('/', () => 'answered')
  const closing = new Promise<void>(resolve => app.addHook('preClose', async () => resolve()))
  const connections = openConnections(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const stopped = stopGently(app, { clock, connections, drainMs, signal: 'SIGTERM' })

  const accepted = once(app.server, 'connection')
  const late = connect(port, '127.0.0.1')
  await accepted
  const mute = connect(port, '127.0.0.1')
  await once(app.server, 'connection')
  await clock.advance(drainMs)
  await closing
  late.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  t.match(await text(late), /^HTTP\/1\.1 200 OK[\s\S]*answered$/)

  const told = text(mute)
  await clock.advance(100)
  t.equal(await told, '', 'one that says nothing is closed')
  await stopped
})
