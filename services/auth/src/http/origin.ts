/** Refuses requests with cookies that another site made: SameSite is the first fence, this is the second. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'

/**
 * Browsers say with each request where it comes from: `Sec-Fetch-Site`, and `Origin` on all that may change something.
 * Programs say neither, and are not tricked into sending cookies.
 * @param allowed origins of pages on other hosts that may call
 * @throws Refusal `origin-refused`
 */
export function requireOwnOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && allowed.includes(origin)) return
  if (site === 'same-origin' || site === 'none') return
  if (site !== undefined) throw new ProblemError('origin-refused', `a ${site} request with a cookie`)
  if (origin === undefined) return
  if (origin !== `${request.protocol}://${request.host}`)
    throw new ProblemError('origin-refused', 'a foreign origin with a cookie')
}
