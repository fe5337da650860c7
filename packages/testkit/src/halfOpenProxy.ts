/**
 * A TCP proxy that can stop forwarding without closing connections, as when a cable is unplugged.
 */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

export interface HalfOpenProxy {
  /** Port on 127.0.0.1. */
  port: number
  /** From now on the proxy accepts connections and forwards nothing. */
  blackhole(): void
  /** Forwards again, first the data that was held back. */
  heal(): void
  /** Delays each direction by `ms` milliseconds from now on. */
  delay(ms: number): void
  /** The number of open connections. */
  connections(): number
  close(): Promise<void>
}

interface State {
  isSilent: boolean
  delayMs: number
  /** Deliveries that are held back, in order. */
  held: (() => void)[]
  sockets: Set<Socket>
}

export async function halfOpenProxy(target: { host: string; port: number }): Promise<HalfOpenProxy> {
  const state: State = { isSilent: false, delayMs: 0, held: [], sockets: new Set() }
  const server = createServer({ allowHalfOpen: true }, inner => {
    const outer = createConnection({ ...target, allowHalfOpen: true })
    join(state, inner, outer)
    join(state, outer, inner)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.')

  return {
    port: address.port,
    connections: () => state.sockets.size / 2,
    blackhole() {
      state.isSilent = true
    },
    heal() {
      state.isSilent = false
      for (const action of state.held.splice(0)) action()
    },
    delay(ms) {
      state.delayMs = ms
    },
    async close() {
      state.held.length = 0
      for (const socket of state.sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Forwards data, end, error and close of `from` to `to`. */
function join(state: State, from: Socket, to: Socket): void {
  state.sockets.add(from)
  from.setNoDelay(true)
  from.on('data', data => pass(state, to, () => to.write(data)))
  from.on('end', () => pass(state, to, () => to.end()))
  from.on('error', () => pass(state, to, () => to.destroy()))
  from.on('close', () => {
    state.sockets.delete(from)
    pass(state, to, () => to.destroySoon())
  })
}

function pass(state: State, to: Socket, action: () => void): void {
  const deliver = () => {
    if (state.isSilent) state.held.push(deliver)
    else if (!to.destroyed) action()
  }
  if (state.delayMs === 0) deliver()
  else setTimeout(deliver, state.delayMs).unref()
}
