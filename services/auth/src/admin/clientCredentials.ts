/** The rules for the id, the audience and the secret of a service client. */
import { randomBytes } from 'node:crypto'
import { malformed } from '@gatehouse/contract'
import { commandLine, firstParty } from '../tokens/firstParty.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The prefix lets secret scanners recognise it. */
export function newClientSecret(): string {
  return `ghc_${randomBytes(32).toString('base64url')}`
}

/**
 * The id is the `sub` of the client's tokens, so it must not have the form of an account's id.
 * Nor may it be `.` or `..`, which HTTP clients drop from a path: no request could name such a client.
 * `first-party` is the `client_id` in the tokens of users, and the command line another name of it.
 * @param publicClients ids that are accepted without a secret
 * @throws ProblemError `request-malformed`
 */
export function assertClientId(id: string, publicClients: readonly string[] = []): void {
  const reserved = ['.', '..', firstParty, commandLine, ...publicClients]
  if (!uuid.test(id) && !reserved.includes(id)) return
  throw malformed('body/id', 'must not be a UUID, a dot or two, first-party, gatehouse-cli, or one of PUBLIC_CLIENTS')
}

/** @throws ProblemError `request-malformed` for an audience that is not configured */
export function assertAudience(audience: string | undefined, audiences: readonly string[]): void {
  if (audience === undefined || audiences.includes(audience)) return
  throw malformed('body/audience', 'must be AUDIENCE or one of RESOURCES')
}
