/** Ports and servers on the loopback interface. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, createServer, type Server as NetServer } from 'node:net'

/** Below the ports that systems give to outgoing connections and to `listen(0)`, so only `freePort` hands them out. */
const blocks = { first: 20_000, size: 100, count: 127 }
let ownBlock: Promise<number> | undefined
let last = 0

/** Holds the first port of a block while the process runs, so that the others of the block are its own. */
async function claimBlock(): Promise<number> {
  for (let index = 0; index < blocks.count; index += 1) {
    const first = blocks.first + ((process.pid + index) % blocks.count) * blocks.size
    const holder = await bind(first)
    if (holder === undefined) continue
    holder.unref()
    return first
  }
  throw new Error('Every block of ports is taken.')
}

/** @returns undefined when the port of 127.0.0.1 is taken */
async function bind(port: number): Promise<NetServer | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  )
}

/** @returns a port on 127.0.0.1 that is free, and that no other process gets from here while this one runs */
export async function freePort(): Promise<number> {
  ownBlock ??= claimBlock()
  const first = await ownBlock
  for (let attempt = 1; attempt < blocks.size; attempt += 1) {
    last = (last % (blocks.size - 1)) + 1
    const port = first + last
    const server = await bind(port)
    if (server === undefined) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error('Every port of the block is taken.')
}

/** Listens on a free port of 127.0.0.1 until the test ends. @returns the URL of the server */
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
