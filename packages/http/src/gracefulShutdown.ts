/** Ends the process so that nobody notices: connections are retired, requests finish, the feed is left, in ten seconds at most. */

import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@gatehouse/clock'
import type { FastifyInstance } from 'fastify'

/** Leaves a second of the ten for the farewell to the feed. */
const timeoutMs = 8500
const idleCheckMs = 100
/** What comes in so short a turn of the event loop is hardly anything. */
const shortTurnMs = 1
const maxTurns = 50

export interface ShutdownOptions {
  clock: Clock
  connections: ReadonlySet<Socket>
  drainMs: number
  signal: string
}

/**
 * The open connections: Node's server closes idle ones, but not those that never said a word. To be called before the app
 * listens.
 */
export function trackConnections(app: FastifyInstance, clock: Clock): ReadonlySet<Socket> {
  const connections = new Set<Socket>()
  app.server.on('connection', socket => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  // The kernel breaks off whoever is still in its queue when we close our ear.
  app.addHook('preClose', () => flushPendingReads(clock))
  return connections
}

/**
 * Turns the event loop until all that has come is read: a turn that was long has let others come behind what it read first. Who
 * comes within the last one, a short one, is lost.
 */
async function flushPendingReads(clock: Clock): Promise<void> {
  // Of the turn that is under way the reading may be over.
  await nextTurn()
  for (let turns = 0; turns < maxTurns; turns += 1) {
    const startedAtMs = clock.nowMs()
    await nextTurn()
    if (clock.nowMs() - startedAtMs < shortTurnMs) return
  }
}

/** Stops when the process is told to. To be called before the app listens. */
export function shutdownOnSignals(
  app: FastifyInstance,
  { clock, drainMs }: Pick<ShutdownOptions, 'clock' | 'drainMs'>,
): void {
  const connections = trackConnections(app, clock)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => gracefulShutdown(app, { clock, connections, drainMs, signal }))
  }
}

/** Stops for a signal; whoever runs the process kills it only after ten seconds. */
export async function gracefulShutdown(app: FastifyInstance, options: ShutdownOptions): Promise<void> {
  const { clock, connections, drainMs, signal } = options
  app.log.info({ signal }, 'stopping')
  const startedAtMs = clock.nowMs()
  // Each connection is told to close with its next answer, so that a gateway opens none of its next requests on it.
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
 * A connection that was busy when the server closed stays open after its answer: it is closed as soon as it idles. One that
 * has not said a word yet gets two looks, since its request may be on the way.
 */
async function drainConnections(
  app: FastifyInstance,
  { clock, connections, untilMs, closed }: Pick<ShutdownOptions, 'clock' | 'connections'> & DrainLimits,
): Promise<void> {
  let silent: ReadonlySet<Socket> = new Set()
  try {
    while (clock.nowMs() < untilMs) {
      await clock.sleep(idleCheckMs, closed)
      // Timers come before what was sent meanwhile: after a busy moment it waits unread.
      await flushPendingReads(clock)
      const stillSilent = [...connections].filter(socket => socket.bytesRead === 0)
      for (const socket of stillSilent) if (silent.has(socket)) socket.destroy()
      silent = new Set(stillSilent)
      app.server.closeIdleConnections()
    }
    app.log.warn({}, 'requests are still running: they are cut off')
    app.server.closeAllConnections()
  } catch {
    // Closed: the wait was ended for that.
  }
}
