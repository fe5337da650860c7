/** The client for browsers: cookies, messages between tabs, and renewal ahead of expiry. */
import { cookieStore } from './cookieStore.ts'
import { createClient } from './createClient.ts'
import { pageEvents } from './pageEvents.ts'
import { tabs } from './tabs.ts'
import type { Channel, Client, ClientOptions, Credentials, Page, Store } from './types.ts'

export type { Channel, Page }
export { pageEvents, tabs }

export interface BrowserOptions extends Omit<ClientOptions, 'store'> {
  /** Selects the body transport. Without it the refresh token is an HttpOnly cookie. */
  store?: Store
  /** What tells when the user looks at the page: the document unless given. `null` disables renewal ahead of expiry. */
  page?: Page | null
  /** A BroadcastChannel unless given. `null` disables messages between tabs. */
  channel?: Channel | null
}

/**
 * A client with the refresh token in an HttpOnly cookie and the access token in memory, with `tabs` and `pageEvents`.
 * On a server that renders it starts nothing.
 * @param options `auth` may be a path on the page's own origin, such as `/auth`
 */
export function createBrowserClient({ page, channel, ...options }: BrowserOptions): Client {
  const isServer = page === undefined && !globalThis.document
  const auth = new URL(options.auth, globalThis.location?.href)
  const client = createClient({ store: cookieStore(auth), ...options, auth: auth.href })
  if (!options.store) sendCookies(client)
  if (isServer) return client
  if (page !== null) pageEvents(client, page)
  if (channel !== null) tabs(client, channel)
  return client
}

/** The refresh token travels as a cookie: sign-in asks for one, and calls to the auth service carry it. */
function sendCookies(client: Client): void {
  const { core, signIn } = client
  core.credentials = 'include'
  client.signIn = login => signIn({ ...login, transport: 'cookie' } as Credentials)
}
