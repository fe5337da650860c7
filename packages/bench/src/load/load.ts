/** Loads a server over kept-alive connections, each request with its own words, either as fast as answers come or at a steady rate. */
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@gatehouse/clock'
import { type Answered, createReader } from './reader.ts'

/** One request and what to do with its answer. */
export interface Exchange {
  request: string
  done: (answered: Answered) => void
}

export interface Load {
  url: string
  connections: number
  durationMs: number
  /**
   * Requests a second, whether answers come or not: time is then counted from when a request was due, so that a server that
   * stalls is not spared. Absent: as fast as answers come.
   */
  rate?: number
  /** Undefined when there is nothing to ask just now. */
  next: () => Exchange | undefined
}

export interface Loaded {
  perSecond: number
  /** In milliseconds, one for each answer. */
  latencies: number[]
  /** Answers of a status of 400 or more, by status. */
  refused: Record<number, number>
}

export async function load({ url, connections, durationMs, rate, next }: Load): Promise<Loaded> {
  const { hostname, port } = new URL(url)
  const latencies: number[] = []
  const refused: Record<number, number> = {}
  const idle: Connection[] = []
  const due: number[] = []
  let onAllIdle = () => {}
  const startMs = systemClock.nowMs()
  const endMs = startMs + durationMs

  const connectionAt = () => openConnection({ hostname, port: Number(port) })
  const all = await Promise.all(Array.from({ length: connections }, connectionAt))

  function serve(connection: Connection, sinceMs: number): void {
    const exchange = next()
    if (exchange === undefined) {
      idle.push(connection)
      if (idle.length === connections) onAllIdle()
      return
    }
    connection.ask(exchange.request, answered => {
      const nowMs = systemClock.nowMs()
      latencies.push(nowMs - sinceMs)
      if (answered.status >= 400) refused[answered.status] = (refused[answered.status] ?? 0) + 1
      exchange.done(answered)
      if (rate === undefined && nowMs < endMs) return serve(connection, nowMs)
      const dueMs = due.shift()
      if (dueMs === undefined) idle.push(connection)
      else serve(connection, dueMs)
    })
  }

  if (rate === undefined) {
    for (const connection of all) serve(connection, systemClock.nowMs())
    // It is over before its time when there was nothing left to ask.
    const over = new AbortController()
    onAllIdle = () => over.abort()
    await pause(durationMs, undefined, { signal: over.signal }).catch(() => undefined)
  } else {
    idle.push(...all)
    let asked = 0
    while (systemClock.nowMs() < endMs) {
      for (; startMs + (asked / rate) * 1000 <= systemClock.nowMs(); asked += 1) {
        const dueMs = startMs + (asked / rate) * 1000
        const connection = idle.pop()
        if (connection === undefined) due.push(dueMs)
        else serve(connection, dueMs)
      }
      await pause(1)
    }
  }
  const perSecond = latencies.length / ((systemClock.nowMs() - startMs) / 1000)
  await Promise.all(all.map(connection => connection.close()))
  return { perSecond, latencies, refused }
}

interface Connection {
  ask: (request: string, onAnswer: (answered: Answered) => void) => void
  /** Once the answer that is awaited has come, or at the latest after a few seconds. */
  close: () => Promise<void>
}

const farewellMs = 5000

function openConnection({ hostname, port }: { hostname: string; port: number }): Promise<Connection> {
  const socket: Socket = connect({ host: hostname, port, noDelay: true })
  let awaited: ((answered: Answered) => void) | undefined
  const reader = createReader(answered => {
    const onAnswer = awaited
    awaited = undefined
    onAnswer?.(answered)
  })
  socket.on('data', reader)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('connect', () =>
      resolve({
        ask: (request, onAnswer) => {
          awaited = onAnswer
          socket.write(request)
        },
        close: async () => {
          const untilMs = systemClock.nowMs() + farewellMs
          while (awaited !== undefined && systemClock.nowMs() < untilMs) await pause(5)
          socket.destroy()
        },
      }),
    )
  })
}
