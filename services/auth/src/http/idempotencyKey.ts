/** Reads the `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header). */
import { malformed } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'

/** Opaque; the client keeps it until it has received a response. */
const idempotencyKey = /^[\x21-\x7e]{8,200}$/

/** @throws ProblemError `request-malformed` */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const { 'idempotency-key': key } = request.headers
  if (key === undefined) return undefined
  if (typeof key === 'string' && idempotencyKey.test(key)) return key
  throw malformed('headers/idempotency-key', 'must be 8 to 200 printable characters without spaces')
}
