/** The rules for the id of a service client, and the form of its secret. */
import { randomBytes } from 'node:crypto'
import { ProblemError } from '@gatehouse/contract'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The prefix lets secret scanners recognise it. */
export function newClientSecret(): string {
  return `ghc_${randomBytes(32).toString('base64url')}`
}

/**
 * The id is the `sub` of the client's tokens, so it must not have the form of an account's id.
 * `first-party` is the `client_id` in the tokens of users.
 * @param publicClients ids that are accepted without a secret
 * @throws ProblemError `request-malformed`
 */
export function assertClientId(id: string, publicClients: readonly string[] = []): void {
  if (!uuid.test(id) && id !== 'first-party' && !publicClients.includes(id)) return
  const field = { field: 'body/id', reason: 'must be neither a UUID, nor first-party, nor in PUBLIC_CLIENTS' }
  throw new ProblemError('request-malformed', 'a reserved client id', { fields: [field] })
}
