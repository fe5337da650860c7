/** Listens for PostgreSQL's notifications. They only wake readers: a lost notification costs time and no correctness. */
import type { Clock } from '@gatehouse/clock'
import type pg from 'pg'
import { type Connections, destroySocket, endConnection } from './connections.ts'

export type Channel = 'gatehouse_feed' | 'gatehouse_acks' | 'gatehouse_keys'

export interface Listener {
  /** For how long notifications have not been received, in milliseconds; 0 while the connection works. */
  outageMs: () => number
  close: () => Promise<void>
}

export interface ListenOptions {
  connections: Pick<Connections, 'Client' | 'client'>
  clock: Clock
  /** Called with the payload of each notification, and for every channel after a reconnection, which may have missed some. */
  onWake: (channel: Channel, from: string) => void
  onError: (error: unknown) => void
}

const channels: readonly Channel[] = ['gatehouse_feed', 'gatehouse_acks', 'gatehouse_keys']
const reconnectMs = 500
/** A connection that a firewall dropped is silent: only a statement without an answer shows it. */
const heartbeatMs = 5000
const answerMs = 2000

/** Listens on a connection of its own until closed, and reconnects whenever the connection breaks or falls silent. */
export function listen({ connections, clock, onWake, onError }: ListenOptions): Listener {
  const stop = new AbortController()
  let current: pg.Client | undefined
  let outageSinceMs: number | null = clock.nowMs()

  const listenOnce = async () => {
    const client = new connections.Client({
      ...connections.client,
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      query_timeout: answerMs,
      application_name: 'gatehouse-listen',
    })
    current = client
    const broken = new AbortController()
    client.on('error', error => broken.abort(error))
    client.on('end', () => broken.abort(new Error('the listening connection ended')))
    client.on('notification', ({ channel, payload = '' }) => onWake(channel as Channel, payload))
    // `pg` never settles a `connect` during which `end` was called.
    const lost = new Promise<never>((_, reject) => client.once('end', () => reject(new Error('not connected'))))
    lost.catch(() => undefined)
    await Promise.race([client.connect(), lost])
    for (const channel of channels) await client.query(`LISTEN ${channel}`)
    outageSinceMs = null
    for (const channel of channels) onWake(channel, '')
    for (;;) {
      await clock.sleep(heartbeatMs, broken.signal)
      await client.query('SELECT')
    }
  }

  const listenUntilStopped = async () => {
    while (!stop.signal.aborted) {
      await listenOnce().catch(error => {
        outageSinceMs ??= clock.nowMs()
        if (!stop.signal.aborted) onError(error)
      })
      destroySocket(current)
      await clock.sleep(reconnectMs, stop.signal).catch(() => undefined)
    }
  }

  const done = listenUntilStopped()
  const close = async () => {
    stop.abort()
    await endConnection(current)
    await done
  }
  return { outageMs: () => (outageSinceMs === null ? 0 : clock.nowMs() - outageSinceMs), close }
}
