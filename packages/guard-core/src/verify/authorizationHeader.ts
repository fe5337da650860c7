/** Finds the access token of a request; the only module that reads the Authorization header for it. */
import { findAuthorization, maxAccessTokenLength, ProblemError } from '@gatehouse/contract'

/** What a guard reads of a request. A request of node:http is one. */
export interface GuardedRequest {
  method?: string | undefined
  /** The path with the query string, or the whole URL. */
  url?: string | undefined
  /** Names and values in turn. They show a header that was given twice. */
  rawHeaders?: readonly string[] | undefined
  /** The Authorization header, where the server has no `rawHeaders`. */
  authorization?: string | undefined
}

const scheme = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([A-Za-z0-9._~+/=-]+)$/

/**
 * The Authorization header of a request.
 * @param rawHeaders names and values in turn
 * @param query the parsed query string
 * @throws ProblemError `request-malformed` when the header is given twice, or a token is in the
 *   query string, where it would be logged (RFC 6750 sections 2.3 and 5.3)
 */
export function singleAuthorization(rawHeaders: readonly string[], query: unknown): string | undefined {
  if ((query as { access_token?: unknown } | null)?.access_token !== undefined) throw tokenInQuery()
  return findAuthorization(rawHeaders)
}

/**
 * The Authorization header of a request, by the rules of `singleAuthorization`.
 * @throws ProblemError `request-malformed`
 */
export function authorizationOf({ url, rawHeaders, authorization }: GuardedRequest): string | undefined {
  if (url !== undefined && hasTokenInQuery(url)) throw tokenInQuery()
  return rawHeaders === undefined ? authorization : findAuthorization(rawHeaders)
}

/** Parsing costs more than the decision, so a query string that cannot contain the name is not parsed. */
function hasTokenInQuery(url: string): boolean {
  const start = url.indexOf('?')
  if (start === -1) return false
  const query = url.slice(start + 1)
  return (query.includes('access_token') || query.includes('%')) && new URLSearchParams(query).has('access_token')
}

function tokenInQuery(): ProblemError {
  return malformed('query/access_token', 'belongs in the Authorization header')
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
