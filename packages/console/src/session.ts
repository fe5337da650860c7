/** The session of this tab. The access token is in the memory of the client only. */
import type { State } from '@gatehouse/client'
import { createBrowserClient } from '@gatehouse/client/browser'
import { createStore } from './store.ts'

/** The auth service, relative to this script: a gateway may serve both below a prefix. */
export const root = new URL('../../', import.meta.url)

/** A page shows within seconds that the service does not answer, so it retries less than other clients. */
export const client = createBrowserClient({ auth: root.href, timeLimitMs: 6000 })

/** The last state in which the auth service answered. An outage signs out no user: what was shown stays. */
export const session = createStore<State>({ status: 'unknown' })

/** True while requests fail for reasons that say nothing about the session. */
export const isAway = createStore(false)

/** What the last act of the session did, for the log-in page: the act ended the session itself. */
export const farewell = createStore<string | undefined>(undefined)

/** While the receipt of such an act is shown, the page reads nothing: the first refusal would replace it by the log-in. */
export const isPaused = createStore(false)

client.subscribe(state => {
  const isUnreachable = state.status === 'unreachable'
  isAway.set(isUnreachable)
  if (!isUnreachable) session.set(state)
})
