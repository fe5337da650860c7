/** The client for browsers: cookies, news between tabs, and renewal ahead of expiry. */
import { createClient } from './createClient.ts'
import { pageEvents } from './pageEvents.ts'
import { renew } from './renewal.ts'
import { tabs } from './tabs.ts'
import type { Channel, Client, ClientOptions, Page, Store } from './types.ts'

export type { Channel, Page }
export { pageEvents, tabs }

export interface BrowserOptions extends Omit<ClientOptions, 'store' | 'transport'> {
  /** Selects the body transport. Without it the refresh token is an HttpOnly cookie. */
  store?: Store
  /** What tells when the user looks at the page: the document unless given. `null` disables renewal ahead of expiry. */
  page?: Page | null
  /** A BroadcastChannel unless given. `null` disables news between tabs. */
  channel?: Channel | null
}

/**
 * A client with the refresh token in an HttpOnly cookie and the access token in memory, with `tabs` and `pageEvents`.
 * On a server that renders it starts nothing.
 * @param options `auth` may be a path on the page's own origin, such as `/auth`
 */
export function createBrowserClient({ page, channel, ...options }: BrowserOptions): Client {
  const isServer = page === undefined && !globalThis.document
  const auth = new URL(options.auth, globalThis.location?.href).href
  const transport = options.store ? 'body' : 'cookie'
  const client = createClient({ store: sharedStore(`gatehouse ${auth}`), ...options, auth, transport })
  if (isServer) return client
  if (transport === 'cookie' && page !== null) renew(client.core).catch(() => {})
  if (page !== null) pageEvents(client, page)
  if (channel !== null) tabs(client, channel)
  return client
}

/** Shared by the tabs of an origin. Access throws in private modes, which the client handles. */
function sharedStore(name: string): Store {
  return {
    read: () => localStorage[name],
    write: text => {
      localStorage[name] = text
    },
  }
}
