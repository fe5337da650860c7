/** Refuses roles and scopes whose access token would be too long to be accepted. */
import { malformed, maxAccessTokenLength, tokenSizeOf } from '@gatehouse/contract'
import { firstParty } from './firstParty.ts'

export interface TokenNames {
  issuer: string
  /** The audiences that a token can have. */
  audiences: readonly string[]
  /** The clients without a secret that can hold a session of a user, besides `first-party`. */
  publicClients: readonly string[]
}

export interface SizedToken {
  /** `first-party` for a user, which covers every public client; otherwise the id of the service client. */
  clientId: string
  /** The client in the claim `act`. */
  actor?: string
  roles: readonly string[]
  scopes: readonly string[]
}

/**
 * @throws ProblemError `request-malformed` naming `body/scopes` or `body/roles`, whichever is
 * longer
 */
export type AssertTokenFits = (rights: SizedToken) => void

/** The longest signature, of RSA with 4096 bits: rights that fit now also fit after a change of the signing key. */
const maxSignatureBytes = 512
/** The length of an RFC 7638 thumbprint in base64url. */
const kid = 'k'.repeat(43)

export function createTokenSizeLimit({ issuer, audiences, publicClients }: TokenNames): AssertTokenFits {
  const audience = longestOf(audiences)
  const publicClient = longestOf([firstParty, ...publicClients])
  return rights => {
    const { roles, scopes } = rights
    const clientId = rights.clientId === firstParty ? publicClient : rights.clientId
    const contents = { issuer, audience, ...rights, clientId, kid, signatureBytes: maxSignatureBytes }
    const length = tokenSizeOf(contents)
    if (length <= maxAccessTokenLength) return
    const field = scopes.join(' ').length >= roles.join(' ').length ? 'body/scopes' : 'body/roles'
    throw malformed(field, `makes the access token too long by ${length - maxAccessTokenLength} characters`)
  }
}

function longestOf(names: readonly string[]): string {
  return names.reduce((longest, name) => (name.length > longest.length ? name : longest), '')
}
