/** Hears the database's notifications. They only wake readers: losing every one costs time, never truth. */
import type { Clock } from '@gatehouse/clock'
import pg from 'pg'

export type Channel = 'gatehouse_feed' | 'gatehouse_acks'

export interface Listener {
  close: () => Promise<void>
}

export interface ListenOptions {
  url: string
  clock: Clock
  /** Called for each notification, with what it says, and for every channel after a reconnection: something may have been missed. */
  onWake: (channel: Channel, from: string) => void
  onError: (error: unknown) => void
}

const channels: readonly Channel[] = ['gatehouse_feed', 'gatehouse_acks']
const reconnectMs = 500

/** Listens on a connection of its own until closed, and connects again whenever it breaks. */
export function listen({ url, clock, onWake, onError }: ListenOptions): Listener {
  const stop = new AbortController()
  let client: pg.Client | undefined

  const hear = async () => {
    const connection = new pg.Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      application_name: 'gatehouse-listen',
    })
    client = connection
    const broken = new Promise<unknown>(resolve => {
      connection.on('error', resolve)
      connection.on('end', () => resolve(new Error('the listening connection ended')))
    })
    connection.on('notification', ({ channel, payload = '' }) => onWake(channel as Channel, payload))
    await connection.connect()
    for (const channel of channels) await connection.query(`LISTEN ${channel}`)
    for (const channel of channels) onWake(channel, '')
    throw await broken
  }

  const hearForEver = async () => {
    while (!stop.signal.aborted) {
      await hear().catch(error => {
        if (!stop.signal.aborted) onError(error)
      })
      await client?.end().catch(() => undefined)
      await clock.sleep(reconnectMs, stop.signal).catch(() => undefined)
    }
  }

  const done = hearForEver()
  const close = async () => {
    stop.abort()
    await client?.end().catch(() => undefined)
    await done
  }
  return { close }
}
