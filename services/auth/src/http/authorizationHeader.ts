/** Reads the `Authorization` header of a request, which must not be repeated. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'

/**
 * Node keeps the first of several `Authorization` headers, and a proxy may have checked another one. So a request with two
 * is refused.
 * @returns the header; undefined when the request has none
 * @throws ProblemError `request-malformed`
 */
export function authorizationOf(request: FastifyRequest): string | undefined {
  const { rawHeaders } = request.raw
  const count = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length
  if (count < 2) return request.headers.authorization
  const fields = [{ field: 'headers/authorization', reason: 'must be given once' }]
  throw new ProblemError('request-malformed', 'two Authorization headers', { fields })
}
