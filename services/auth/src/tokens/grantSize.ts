/** Refuses roles and scopes whose access token would be too long to be accepted. */
import { maxAccessTokenLength, ProblemError, tokenSizeOf } from '@gatehouse/contract'

export interface TokenNames {
  issuer: string
  audience: string
}

export interface SizedGrant {
  /** Of a user's token `first-party`, of a service client's own token its id. */
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
export type AssertGrantFits = (grant: SizedGrant) => void

/**
 * Of RSA with 4096 bits, the longest signature, so that a change of the signing key makes no grant
 * too large.
 */
const maxSignatureBytes = 512
/** The length of an RFC 7638 thumbprint in base64url. */
const kid = 'k'.repeat(43)

export function createGrantLimit({ issuer, audience }: TokenNames): AssertGrantFits {
  return grant => {
    const { roles, scopes } = grant
    const contents = { issuer, audience, ...grant, kid, signatureBytes: maxSignatureBytes }
    const length = tokenSizeOf(contents)
    if (length <= maxAccessTokenLength) return
    const field = scopes.join(' ').length >= roles.join(' ').length ? 'body/scopes' : 'body/roles'
    const reason = `makes the access token too long by ${length - maxAccessTokenLength} characters`
    throw new ProblemError('request-malformed', 'a grant beyond the size of a token', { fields: [{ field, reason }] })
  }
}
