/** Stops a server without failed requests, within ten seconds: new connections end, running requests finish. */
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@gatehouse/clock'
import type { FastifyInstance } from 'fastify'

/** Leaves one of the ten seconds for the guard to leave the feed. */
const timeoutMs = 8500
const idleCheckMs = 100
/**
 * Ends the process although an open handle keeps it alive. Process managers usually kill after ten
 * seconds.
 */
const hardLimitMs = 9500
/** In a turn of the event loop as short as this, hardly any data arrives. */
const shortTurnMs = 1
/** More than the accept queue of the kernel holds: 511 connections by Node's default backlog. */
const maxTurns = 1000

/** How a server stops. */
export interface ShutdownOptions {
  clock: Clock
  /** The open connections, from `trackConnections`. */
  connections: ReadonlySet<Socket>
  /** How long the server accepts requests after the signal, in milliseconds. */
  drainMs: number
  /** The name of the signal, for the log. */
  signal: string
}

/**
 * Tracks the open connections, and keeps Node from closing those that have not sent anything yet:
 * a request may be on the way on them. Node 20 leaves them open when the server closes, Node 26
 * closes them. Call it before the app listens.
 * @returns the open connections, kept up to date
 */
export function trackConnections(app: FastifyInstance, clock: Clock): ReadonlySet<Socket> {
  const connections = new Set<Socket>()
  app.server.on('connection', socket => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  /** How much each connection had sent when its last response ended; -1 while a request runs. */
  const answeredBytes = new WeakMap<Socket, number>()
  app.server.on('request', ({ socket }, response) => {
    answeredBytes.set(socket, -1)
    response.on('close', () => answeredBytes.set(socket, socket.bytesRead))
  })
  app.server.closeIdleConnections = () => {
    for (const socket of connections) if (answeredBytes.get(socket) === socket.bytesRead) socket.destroy()
  }
  // Closing the listening socket resets connections that are still in the accept queue of the
  // kernel.
  app.addHook('preClose', () => flushPendingReads(app, clock))
  return connections
}

/**
 * Runs turns of the event loop until the accept queue is empty and all received data is read. Node
 * accepts one connection per turn (libuv 1.45 and newer), so a turn with a new connection says
 * nothing about the queue. During a long turn more data can arrive, so it stops after a short turn
 * without a new connection. A connection that arrives after the poll phase of that turn is lost.
 */
async function flushPendingReads(app: FastifyInstance, clock: Clock): Promise<void> {
  let accepted = 0
  const onConnection = () => {
    accepted += 1
  }
  app.server.on('connection', onConnection)
  // The poll phase of the current turn may have passed already.
  await nextTurn()
  for (let turns = 0; turns < maxTurns; turns += 1) {
    const startedAtMs = clock.nowMs()
    accepted = 0
    await nextTurn()
    if (accepted === 0 && clock.nowMs() - startedAtMs < shortTurnMs) break
  }
  app.server.off('connection', onConnection)
}

/**
 * Stops the server on SIGTERM or SIGINT. Call it before the app listens.
 * @param app the server
 * @param options `drainMs` is how long the server accepts requests after the signal
 * @example
 * shutdownOnSignals(app, { clock: systemClock, drainMs: 500 })
 * await app.listen({ port: 3000 })
 */
export function shutdownOnSignals(
  app: FastifyInstance,
  { clock, drainMs }: Pick<ShutdownOptions, 'clock' | 'drainMs'>,
): void {
  const connections = trackConnections(app, clock)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      const exit = () => {
        app.log.error({ signal }, 'stopping took too long, the process exits')
        process.exit(1)
      }
      // Unreferenced, so that it delays no exit; the clock's timers are not.
      setTimeout(exit, hardLimitMs).unref()
      return gracefulShutdown(app, { clock, connections, drainMs, signal })
    })
  }
}

/**
 * Stops the server: waits `drainMs`, closes the listening socket, lets running requests finish, and
 * cuts off what still runs after 8.5 seconds. Process managers usually kill after ten.
 */
export async function gracefulShutdown(app: FastifyInstance, options: ShutdownOptions): Promise<void> {
  const { clock, connections, drainMs, signal } = options
  app.log.info({ signal }, 'stopping')
  const startedAtMs = clock.nowMs()
  // The next response on each connection has `Connection: close`, so that the gateway sends no
  // further request on it.
  app.server.maxRequestsPerSocket = 1
  await clock.sleep(drainMs)

  const closed = new AbortController()
  const closing = app.close().finally(() => closed.abort(new Error('closed')))
  await Promise.all([
    closing,
    drainConnections(app, { clock, connections, untilMs: startedAtMs + timeoutMs, closed: closed.signal }),
  ])
  app.log.info({ signal }, 'stopped')
  process.exitCode = 0
}

interface DrainLimits {
  untilMs: number
  closed: AbortSignal
}

/**
 * Closes connections as soon as they are idle: Node leaves those open that were busy when the
 * server closed. A connection that has not sent anything is closed at the second check, since its
 * request may be on the way at the first.
 */
async function drainConnections(
  app: FastifyInstance,
  { clock, connections, untilMs, closed }: Pick<ShutdownOptions, 'clock' | 'connections'> & DrainLimits,
): Promise<void> {
  let silent: ReadonlySet<Socket> = new Set()
  try {
    while (clock.nowMs() < untilMs) {
      await clock.sleep(idleCheckMs, closed)
      // Timers run before received data is read, so data that arrived meanwhile is still unread
      // here.
      await flushPendingReads(app, clock)
      const stillSilent = [...connections].filter(socket => socket.bytesRead === 0)
      for (const socket of stillSilent) if (silent.has(socket)) socket.destroy()
      silent = new Set(stillSilent)
      app.server.closeIdleConnections()
    }
    app.log.warn({}, 'requests are still running and are cut off')
    app.server.closeAllConnections()
  } catch {
    // The server has closed, which aborts the wait.
  }
}
