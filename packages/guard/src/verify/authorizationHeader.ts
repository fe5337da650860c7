/** Finds the access token of a request; the only module that reads the Authorization header for it. */
import { maxAccessTokenLength, ProblemError } from '@gatehouse/contract'
import { findAuthorization } from '@gatehouse/http'

const scheme = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([A-Za-z0-9._~+/=-]+)$/

/**
 * The Authorization header of a request.
 * @param rawHeaders names and values in turn
 * @param query the parsed query string
 * @throws ProblemError `request-malformed` when the header is given twice, or a token is in the
 *   query string, where it would be logged (RFC 6750 sections 2.3 and 5.3)
 */
export function singleAuthorization(rawHeaders: readonly string[], query: unknown): string | undefined {
  if ((query as { access_token?: unknown } | null)?.access_token !== undefined) {
    throw malformed('query/access_token', 'belongs in the Authorization header')
  }
  return findAuthorization(rawHeaders)
}

/** The token of a Bearer header (RFC 6750 section 2.1). Another scheme counts as no token. */
export function bearerTokenOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '')
    throw new ProblemError('token-missing', 'no Authorization header')
  if (authorization.length > maxAccessTokenLength + 'Bearer '.length)
    throw new ProblemError('token-invalid', 'longer than any access token')
  const [, name, token] = scheme.exec(authorization) ?? []
  if (name === undefined || token === undefined) {
    throw isOtherScheme(authorization)
      ? new ProblemError('token-missing', 'another scheme than Bearer')
      : malformed('headers/authorization', 'must be "Bearer" and one token')
  }
  if (name.toLowerCase() !== 'bearer') throw new ProblemError('token-missing', 'another scheme than Bearer')
  return token
}

/** For example Digest, whose credentials are a list of parameters (RFC 9110 section 11.4). */
function isOtherScheme(authorization: string): boolean {
  return /^(?!bearer\b)[a-z][a-z0-9-]* +[a-z0-9-]+ *=/i.test(authorization)
}

function malformed(field: string, reason: string): ProblemError {
  return new ProblemError('request-malformed', `${field} ${reason}`, {
    challenge: 'invalid_request',
    fields: [{ field, reason }],
  })
}
