/** The client of the sessions that users start by logging in. */
import type { AccessTokenClaims } from '@gatehouse/contract'

/** A public client: it has no secret, and may send its `client_id`. */
export const firstParty = 'first-party'

/** Whether a user's token is of a log-in. Other clients hold what a token exchange or a device authorization gave them. */
export function isFirstParty({ client_id }: Pick<AccessTokenClaims, 'client_id'>): boolean {
  return client_id === firstParty
}

/** The command line in a device authorization, if PUBLIC_CLIENTS lists it: the device gets a log-in (decision 0036). */
export const commandLine = 'gatehouse-cli'
