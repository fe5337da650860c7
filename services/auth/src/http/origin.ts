/** Refuses cross-site requests that carry cookies, as a second defence beside SameSite. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'

/**
 * Browsers send `Sec-Fetch-Site`, and `Origin` with every request that may change state. Other clients send neither, and
 * cannot be tricked into sending cookies.
 * @param allowed origins of pages on other hosts that may call
 * @throws ProblemError `origin-refused`
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
