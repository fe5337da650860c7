/** React: the state of the session as a hook. */
import { useSyncExternalStore } from 'react'
import type { Client, State } from './types.ts'

const unknown: State = { status: 'unknown' }
const onServer = () => unknown

/** The state of the session; the component renders again when it changes. A server that renders sees `unknown`. */
export function useSession(client: Pick<Client, 'subscribe' | 'getState'>): State {
  return useSyncExternalStore(client.subscribe, client.getState, onServer)
}
