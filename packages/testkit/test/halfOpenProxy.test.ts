/** The half-open proxy. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { halfOpenProxy } from '@gatehouse/testkit'
import { type Test, test } from 'tap'

/** A server that echoes in capitals, and a client that reaches it through the proxy. */
async function connectThroughProxy(t: Test) {
  const server = createServer(socket => {
    socket.on('data', data => socket.write(data.toString().toUpperCase()))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proxy = await halfOpenProxy({ host: '127.0.0.1', port: address.port })
  const client = createConnection({ host: '127.0.0.1', port: proxy.port })
  await once(client, 'connect')
  t.teardown(async () => {
    client.destroy()
    await proxy.close()
    server.close()
  })
  return { proxy, client, server }
}

async function received(client: Socket): Promise<string> {
  const [data] = await once(client, 'data')
  return String(data)
}

test('halfOpenProxy: forwards data', async t => {
  const { client } = await connectThroughProxy(t)
  client.write('hello')
  t.equal(await received(client), 'HELLO')
})

test('halfOpenProxy: a black hole holds data back, and heal forwards it in order', async t => {
  const { proxy, client } = await connectThroughProxy(t)
  client.write('before')
  t.equal(await received(client), 'BEFORE')
  proxy.blackhole()
  const late = received(client)
  client.write('one ')
  client.write('two')
  // A second connection is accepted although nothing is forwarded, as on a half-open line.
  const second = createConnection({ host: '127.0.0.1', port: proxy.port })
  await once(second, 'connect')
  t.equal(client.bytesRead, 'BEFORE'.length)
  second.destroy()
  proxy.heal()
  t.match(await late, /^ONE /)
})

test('halfOpenProxy: delays both directions', async t => {
  const { proxy, client } = await connectThroughProxy(t)
  proxy.delay(30)
  const askedAt = performance.now()
  client.write('slow')
  t.equal(await received(client), 'SLOW')
  t.ok(performance.now() - askedAt >= 55, 'both directions are delayed')
})

test('halfOpenProxy: forwards the end of a side', async t => {
  const { client } = await connectThroughProxy(t)
  client.end('bye')
  client.resume()
  await once(client, 'close')
})

test('halfOpenProxy: close destroys open connections', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proxy = await halfOpenProxy({ host: '127.0.0.1', port: address.port })
  const client = createConnection({ host: '127.0.0.1', port: proxy.port }).on('error', () => {})
  await Promise.all([once(client, 'connect'), once(server, 'connection')])
  t.equal(proxy.connections(), 1)
  const ended = once(client, 'close')
  await proxy.close()
  await ended
  server.close()
})
