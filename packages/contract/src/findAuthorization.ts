/** Finds the Authorization header, and refuses a request that has two. */
import { ProblemError } from './problemError.ts'

/**
 * The Authorization header of a request. Node keeps the first of two and drops the second silently,
 * so two proxies and services could authenticate different callers. It runs for each request, so it
 * allocates nothing and does not use Node's `headers` object, which is built at its first use.
 * @param rawHeaders names and values in turn (`request.raw.rawHeaders`)
 * @returns the value; undefined when the request has none
 * @throws ProblemError `request-malformed` when the header is given twice
 */
export function findAuthorization(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name === undefined || name.length !== 13 || !isAuthorization(name)) continue
    if (found !== undefined) {
      const fields = [{ field: 'headers/authorization', reason: 'must be given once' }]
      throw new ProblemError('request-malformed', 'two Authorization headers', { challenge: 'invalid_request', fields })
    }
    found = rawHeaders[index + 1] ?? ''
  }
  return found
}

/** The two usual spellings come first: `toLowerCase` costs as much as the rest of the check. */
function isAuthorization(name: string): boolean {
  return name === 'Authorization' || name === 'authorization' || name.toLowerCase() === 'authorization'
}
