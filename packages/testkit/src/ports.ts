/** Ports and servers on the loopback interface. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, createServer } from 'node:net'

/**
 * @returns a port on 127.0.0.1 that was free; another process may take it before the caller does
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.')
  return address.port
}

/**
 * Listens on a free port of 127.0.0.1 until the test ends.
 * @returns the URL of the server
 */
export async function listenOnLoopback(server: Server, teardown: (close: () => void) => void): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.')
  return `http://127.0.0.1:${address.port}`
}

/** Whether a server accepts connections at the port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}
