/** Client address, user agent and request id of a request. */
import { clientAddressOf } from '@gatehouse/http'
import type { FastifyRequest } from 'fastify'

export interface ClientInfo {
  address: string
  userAgent: string | null
  requestId: string
}

/** The user agent is stored to label devices in session lists, cut to 300 characters. */
export function clientInfoOf(request: FastifyRequest): ClientInfo {
  const userAgent = request.headers['user-agent']?.slice(0, 300) ?? null
  return { address: clientAddressOf(request), userAgent, requestId: request.id }
}

/** Whether the connection on which the request came is still open, so that its client can receive the response. */
export function isAwaited(request: FastifyRequest): boolean {
  return !request.raw.socket.destroyed
}
