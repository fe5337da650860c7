/** Loads a server over kept-alive connections, as fast as responses arrive or at a steady rate. */
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@gatehouse/clock'
import { createReader, type Response } from './reader.ts'

export interface Exchange {
  request: string
  onResponse: (response: Response) => void
}

export interface LoadOptions {
  url: string
  connections: number
  durationMs: number
  /**
   * Requests a second, whether responses arrive or not. A latency then counts from when its request
   * was due, so that a stall of the server counts for every request that it delays. Absent: each
   * response is followed by the next request.
   */
  rate?: number
  /** The next request; undefined when there is none at present. */
  next: () => Exchange | undefined
}

export interface LoadResult {
  perSecond: number
  /** In milliseconds, for each response. */
  latencies: number[]
  /** The number of responses with a status of 400 or more, by status. */
  refused: Record<number, number>
}

export async function load({ url, connections, durationMs, rate, next }: LoadOptions): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const latencies: number[] = []
  const refused: Record<number, number> = {}
  const idle: Connection[] = []
  const due: number[] = []
  let onAllIdle = () => {}
  const opened = Array.from({ length: connections }, () => openConnection({ hostname, port: Number(port) }))
  const all = await Promise.all(opened)
  const startMs = systemClock.nowMs()
  const endMs = startMs + durationMs

  function serve(connection: Connection, sinceMs: number): void {
    const exchange = next()
    if (exchange === undefined) {
      idle.push(connection)
      if (idle.length === connections) onAllIdle()
      return
    }
    connection.send(exchange.request, response => {
      const nowMs = systemClock.nowMs()
      latencies.push(nowMs - sinceMs)
      if (response.status >= 400) refused[response.status] = (refused[response.status] ?? 0) + 1
      exchange.onResponse(response)
      if (rate === undefined && nowMs < endMs) return serve(connection, nowMs)
      const dueMs = due.shift()
      if (dueMs === undefined) idle.push(connection)
      else serve(connection, dueMs)
    })
  }

  if (rate === undefined) {
    // The load ends early when no request is left.
    const finished = new AbortController()
    onAllIdle = () => finished.abort()
    for (const connection of all) serve(connection, systemClock.nowMs())
    await pause(durationMs, undefined, { signal: finished.signal }).catch(() => undefined)
  } else {
    idle.push(...all)
    await everyDue({ rate, startMs, endMs }, dueMs => {
      const connection = idle.pop()
      if (connection === undefined) due.push(dueMs)
      else serve(connection, dueMs)
    })
  }
  const perSecond = latencies.length / ((systemClock.nowMs() - startMs) / 1000)
  await Promise.all(all.map(connection => connection.close()))
  return { perSecond, latencies, refused }
}

interface Pace {
  rate: number
  startMs: number
  endMs: number
}

async function everyDue({ rate, startMs, endMs }: Pace, onDue: (dueMs: number) => void): Promise<void> {
  let dueMs = startMs
  for (let count = 0; systemClock.nowMs() < endMs; await pause(1)) {
    for (; dueMs <= systemClock.nowMs(); dueMs = startMs + (count / rate) * 1000) {
      onDue(dueMs)
      count += 1
    }
  }
}

interface Connection {
  send: (request: string, onResponse: (response: Response) => void) => void
  /** Waits for a pending response, for `closeTimeoutMs` at most. */
  close: () => Promise<void>
}

const closeTimeoutMs = 5000

function openConnection({ hostname, port }: { hostname: string; port: number }): Promise<Connection> {
  const socket: Socket = connect({ host: hostname, port, noDelay: true })
  let pending: ((response: Response) => void) | undefined
  const reader = createReader(response => {
    const onResponse = pending
    pending = undefined
    onResponse?.(response)
  })
  socket.on('data', reader)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('connect', () =>
      resolve({
        send: (request, onResponse) => {
          pending = onResponse
          socket.write(request)
        },
        close: async () => {
          const untilMs = systemClock.nowMs() + closeTimeoutMs
          while (pending !== undefined && systemClock.nowMs() < untilMs) await pause(5)
          socket.destroy()
        },
      }),
    )
  })
}
