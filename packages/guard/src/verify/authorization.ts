/** Finds the one token in a request: nothing else in the process reads the Authorization header. */
import { ProblemError } from '@gatehouse/contract'

/** Longer than any token of ours; looked at before anything is parsed. */
const maxTokenLength = 4096
const scheme = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([A-Za-z0-9._~+/=-]+)$/

/**
 * The one Authorization header of a request. Refuses one that gives its token twice, or in a place where it would be
 * logged (RFC 6750 sections 2.3 and 5.3).
 *
 * It runs on each guarded request, so it allocates nothing; nor does it touch Node's `headers`, an object that is made of
 * all of them when it is first asked for.
 * @param rawHeaders names and values in turn: Node keeps only the first of two Authorization headers, and this list has both
 * @param query the parsed query string
 */
export function singleAuthorization(rawHeaders: readonly string[], query: unknown): string | undefined {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name === undefined || name.length !== 13 || !isAuthorization(name)) continue
    if (found !== undefined) throw malformed('headers/authorization', 'must be given once')
    found = rawHeaders[index + 1] ?? ''
  }
  if ((query as { access_token?: unknown } | null)?.access_token !== undefined) {
    throw malformed('query/access_token', 'belongs in the Authorization header')
  }
  return found
}

/** The two usual spellings first: making lower case costs as much as all the rest of the check. */
function isAuthorization(name: string): boolean {
  return name === 'Authorization' || name === 'authorization' || name.toLowerCase() === 'authorization'
}

/** The token of a Bearer header (RFC 6750 section 2.1); any other scheme is as good as no token. */
export function bearerTokenOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '')
    throw new ProblemError('token-missing', 'no Authorization header')
  if (authorization.length > maxTokenLength + 'Bearer '.length)
    throw new ProblemError('token-invalid', 'longer than any token')
  const [, name, token] = scheme.exec(authorization) ?? []
  if (name === undefined || token === undefined) {
    throw isOtherScheme(authorization)
      ? new ProblemError('token-missing', 'another scheme than Bearer')
      : malformed('headers/authorization', 'must be "Bearer" and one token')
  }
  if (name.toLowerCase() !== 'bearer') throw new ProblemError('token-missing', 'another scheme than Bearer')
  return token
}

/** As Digest, whose credentials are a list of parameters (RFC 9110 section 11.4). */
function isOtherScheme(authorization: string): boolean {
  return /^(?!bearer\b)[a-z][a-z0-9-]* +[a-z0-9-]+ *=/i.test(authorization)
}

function malformed(field: string, reason: string): ProblemError {
  return new ProblemError('request-malformed', `${field} ${reason}`, {
    challenge: 'invalid_request',
    fields: [{ field, reason }],
  })
}
