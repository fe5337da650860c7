/** A proxy to PostgreSQL that counts statements and can break its connections. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

export interface PgProxy {
  /** URL of the database through the proxy. */
  url: string
  /** Execute and Query messages since the last call, without the heartbeat every two seconds. */
  statements: () => number
  /** Resets every connection and refuses new connections until `mend`. */
  cut: () => void
  /** Accepts connections again. Ends silent connections that the service has given up. */
  mend: () => void
  /** Forwards nothing more on present connections, as a firewall does. New ones work. */
  silence: () => void
  /** The number of silent connections that the service has not given up. */
  silent: () => number
}

/** A connection of the service and that to PostgreSQL. */
interface Pair {
  inner: Socket
  outer: Socket
  isSilent: boolean
}

/** Starts the proxy, which stops with the test. */
export async function pgProxy(t: { teardown: (end: () => void) => unknown }, databaseUrl: string): Promise<PgProxy> {
  const target = new URL(databaseUrl)
  const pairs = new Set<Pair>()
  let isCut = false
  let executed = 0
  // Half-open, so that the proxy never answers the end of a silent connection.
  const server = createServer({ allowHalfOpen: true }, inner => {
    if (isCut) return void inner.resetAndDestroy()
    const outer = createConnection({ host: target.hostname, port: Number(target.port), allowHalfOpen: true })
    const pair: Pair = { inner, outer, isSilent: false }
    pairs.add(pair)
    const count = countExecutes()
    inner.on('data', data => {
      if (!pair.isSilent) executed += count(data)
    })
    join(pair, inner, outer)
    join(pair, outer, inner)
    outer.on('close', () => pairs.delete(pair))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const { inner, outer } of pairs) {
      inner.resetAndDestroy()
      outer.resetAndDestroy()
    }
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
      for (const pair of pairs) {
        if (pair.isSilent && isGivenUp(pair)) for (const socket of [pair.inner, pair.outer]) socket.destroy()
      }
    },
    silence: () => {
      for (const pair of pairs) {
        pair.isSilent = true
        for (const socket of [pair.inner, pair.outer]) socket.unpipe().resume()
      }
    },
    silent: () => [...pairs].filter(pair => pair.isSilent && !isGivenUp(pair)).length,
  }
}

/** Forwards data, end and error of `from` to `to` until the pair is silent. */
function join(pair: Pair, from: Socket, to: Socket): void {
  const end = () => {
    if (!pair.isSilent) to.destroy()
  }
  from.setNoDelay(true).on('error', end).on('close', end)
  from.pipe(to)
}

/** The service has closed its side, which the proxy does not answer. */
function isGivenUp({ inner }: Pair): boolean {
  return inner.readableEnded || inner.destroyed
}

const heartbeat = /^\s*(UPDATE database_heartbeat|WITH present AS|SELECT$)/

/**
 * Frontend messages begin with a type byte and a length; the first message has no type byte. Parse (P)
 * gives a statement a name, Bind (B) selects one, Execute (E) runs it, and Query (Q) runs a text.
 */
function countExecutes(): (data: Buffer) => number {
  let rest = Buffer.alloc(0)
  let isStarted = false
  const heartbeats = new Set<string>()
  let bound = ''
  const isCounted = (letter: string, body: Buffer): boolean => {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2)
    if (letter === 'P') heartbeats[heartbeat.test(second) ? 'add' : 'delete'](first)
    if (letter === 'B') bound = second
    return letter === 'Q' ? !heartbeat.test(first) : letter === 'E' && !heartbeats.has(bound)
  }
  return data => {
    rest = Buffer.concat([rest, data])
    let count = 0
    for (;;) {
      const letterLength = isStarted ? 1 : 0
      if (rest.length < letterLength + 4) return count
      const end = letterLength + rest.readInt32BE(letterLength)
      if (rest.length < end) return count
      if (isStarted && isCounted(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, end))) count += 1
      isStarted = true
      rest = rest.subarray(end)
    }
  }
}
