/** Connections that PostgreSQL ends at the moment when they are made. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import pg from 'pg'
import t from 'tap'
import { createConnections } from '../../src/database/connections.ts'

/** A message of the protocol: its type, its length and its body. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const authenticationOk = message('R', Buffer.alloc(4))
const readyForQuery = message('Z', Buffer.from('I'))
const terminated = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'))

t.test('connections: the end of a connection together with its start rejects the query, and no more', async t => {
  // A real server sends both in one segment only by chance.
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([authenticationOk, readyForQuery, terminated])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const connections = createConnections({ url: `postgresql://ada:secret@127.0.0.1:${port}/gatehouse` })
  const pool = new pg.Pool({ ...connections.client, Client: connections.Client })
  pool.on('error', () => undefined)
  await t.rejects(pool.query('SELECT 1'), /terminating connection|not queryable|terminated/)
  await pool.end()
})
