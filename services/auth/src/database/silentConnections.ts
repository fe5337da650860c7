/**
 * Closes connections on which PostgreSQL has fallen silent: a firewall that drops a connection notifies neither side, and the
 * kernel reports it after many minutes.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import type pg from 'pg'

export interface SilentConnections {
  /** Ends the pool; a connection in its handshake is cut, and one that does not close within a second. */
  endPool: () => Promise<void>
}

/** How long PostgreSQL may take to close a connection that runs no statement. */
const closeMs = 1000

/** What `pg-pool` keeps and does not declare: its connections, those in their handshake included. */
interface PoolInternals {
  _clients: readonly ClientInternals[]
}

/** What `pg` keeps of a connection and does not declare. */
interface ClientInternals {
  connection: { stream: Socket }
  _activeQuery: unknown
}

/**
 * `query_timeout` ends the query and leaves the connection in the pool when it belongs to a transaction: every later statement
 * on it would time out too. So the socket is destroyed, which also rejects the statement that runs.
 * @param limitMs how long a connection may be silent while a statement runs, in milliseconds
 */
export function closeSilentConnections(pool: pg.Pool, limitMs: number): SilentConnections {
  const sockets = new Set<Socket>()
  pool.on('connect', client => {
    const internals = client as unknown as ClientInternals
    const { stream } = internals.connection
    sockets.add(stream)
    stream.once('close', () => sockets.delete(stream))
    // Node restarts this timer with every byte in either direction.
    stream.setTimeout(limitMs, () => {
      if (internals._activeQuery !== null) stream.destroy(new Error('Connection terminated: PostgreSQL did not answer'))
    })
  })
  const endPool = async () => {
    const ended = new AbortController()
    const cut = systemClock.sleep(closeMs, ended.signal).then(
      () => {
        for (const socket of sockets) socket.destroy()
      },
      () => undefined,
    )
    // No request is left that could use them, and the pool would wait until their time-out.
    for (const { connection } of (pool as unknown as PoolInternals)._clients)
      if (!sockets.has(connection.stream)) connection.stream.destroy()
    await pool.end()
    // `pool.end` does not wait for the sockets.
    await Promise.race([cut, Promise.all([...sockets].map(socket => once(socket, 'close')))])
    ended.abort()
  }
  return { endPool }
}

/** In milliseconds. */
export interface Heartbeat {
  everyMs: number
  /** How long PostgreSQL may take to answer. */
  answerMs: number
}

/**
 * Does the work while PostgreSQL answers on this connection, which the heartbeat also keeps from being idle.
 * @param work ends when its signal aborts
 */
export async function whileAnswering<Result>(
  client: pg.Client,
  { everyMs, answerMs }: Heartbeat,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const [done, lost] = [new AbortController(), new AbortController()]
  // `pg` reads `query_timeout` of a query too, which its types do not know.
  const ping: pg.QueryConfig & { query_timeout: number } = { text: 'SELECT', query_timeout: answerMs }
  const beat = async () => {
    for (;;) {
      await systemClock.sleep(everyMs, done.signal)
      await client.query(ping)
    }
  }
  beat().catch(error => {
    if (!done.signal.aborted) lost.abort(error)
  })
  try {
    return await work(lost.signal)
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error
  } finally {
    done.abort()
  }
}
