/** Finds a free TCP port. */
import { once } from 'node:events'
import { createServer } from 'node:net'

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
