/** The wire to PostgreSQL: it counts what is executed on it, and can be cut. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

export interface PgProxy {
  /** The same database through the wire. */
  url: string
  /** Statements executed since it was asked last: Execute and Query messages of PostgreSQL's protocol. */
  statements: () => number
  /** Breaks every connection; until mended, new ones are refused. */
  cut: () => void
  mend: () => void
}

/** Lies between a service and its database until the test ends. */
export async function pgProxy(t: { teardown: (end: () => void) => unknown }, databaseUrl: string): Promise<PgProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let isCut = false
  let executed = 0
  const server = createServer(inner => {
    if (isCut) return void inner.resetAndDestroy()
    const outer = createConnection({ host: target.hostname, port: Number(target.port) })
    const count = countExecutes()
    inner.on('data', data => {
      executed += count(data)
    })
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.resetAndDestroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  const address = server.address()
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    url: url.href,
    statements: () => {
      const count = executed
      executed = 0
      return count
    },
    cut,
    mend: () => {
      isCut = false
    },
  }
}

/** Frontend messages are a letter and a length; the very first has no letter. */
function countExecutes(): (data: Buffer) => number {
  let rest = Buffer.alloc(0)
  let isStarted = false
  return data => {
    rest = Buffer.concat([rest, data])
    let count = 0
    for (;;) {
      const letterLength = isStarted ? 1 : 0
      if (rest.length < letterLength + 4) return count
      const end = letterLength + rest.readInt32BE(letterLength)
      if (rest.length < end) return count
      if (isStarted && 'EQ'.includes(String.fromCharCode(rest[0] ?? 0))) count += 1
      isStarted = true
      rest = rest.subarray(end)
    }
  }
}
