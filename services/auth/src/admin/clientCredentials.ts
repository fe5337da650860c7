/** What a service client may be called, and how its secret is made. */
import { randomBytes } from 'node:crypto'
import { ProblemError } from '@gatehouse/contract'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Secret scanners know it by its prefix. */
export function newClientSecret(): string {
  return `ghc_${randomBytes(32).toString('base64url')}`
}

/**
 * A client's id is the `sub` of its tokens, so it must not look like an account's; and people's tokens say `first-party`.
 * @throws Refusal `request-malformed`
 */
export function assertClientId(id: string): void {
  if (!uuid.test(id) && id !== 'first-party') return
  const field = { field: 'body/id', reason: 'must be neither a UUID nor first-party' }
  throw new ProblemError('request-malformed', 'a client id that could be taken for something else', { fields: [field] })
}
