/** The session of this tab. The access token is in the memory of the client only. */
import type { State } from '@gatehouse/client'
import { createBrowserClient } from '@gatehouse/client/browser'
import { createStore } from './store.ts'

/** The auth service, relative to this script: a gateway may serve both below a prefix. */
export const root = new URL('../../', import.meta.url)

/** A page shows within seconds that the service does not answer, so it retries less than other clients. */
export const client = createBrowserClient({ auth: root.href, timeLimitMs: 6000 })

export interface Session {
  /** An outage signs out no user: what was shown stays. */
  phase: 'unknown' | 'signed-in' | 'signed-out'
  /** Why the session ended; undefined where the user signed out or was not signed in. */
  endedBy?: string
  isUnreachable: boolean
}

/** What the last act of the session did, for the log-in page: the act ended the session itself. */
export const farewell = createStore<string | undefined>(undefined)

/** While the receipt of such an act is shown, the page reads nothing: the first refusal would replace it by the log-in. */
export const isPaused = createStore(false)

export const session = createStore<Session>({ phase: 'unknown', isUnreachable: false })

client.subscribe((state: State) => {
  const { phase } = session.get()
  const { status } = state
  if (status === 'signed-in') farewell.set(undefined)
  if (status === 'unreachable') session.set({ phase, isUnreachable: true })
  else if (status === 'signed-out' && !['signed-out', 'refresh-missing'].includes(state.why))
    session.set({ phase: status, isUnreachable: false, endedBy: state.why })
  else session.set({ phase: status, isUnreachable: false })
})

/** True while requests fail for reasons that say nothing about the session. */
export const isAway = createStore(false)

export interface PasswordRequest {
  /** What the service says. */
  title: string
  /** True: the password was accepted, and the act is repeated. */
  done: (isConfirmed: boolean) => void
}

/** Shown as a dialog by `Reauthenticate`. */
export const passwordRequest = createStore<PasswordRequest | undefined>(undefined)
