/** Who knocks, as far as the connection tells. */
import type { FastifyRequest } from 'fastify'
import type { ClientInfo } from '../login/login.ts'

/** The user agent is kept only to show people their devices. */
export function clientInfoOf(request: FastifyRequest): ClientInfo {
  const userAgent = request.headers['user-agent']?.slice(0, 300) ?? null
  return { address: request.ip, userAgent, requestId: request.id }
}

/** Whether whoever sent the request still waits for its answer: nobody does once its connection is closed. */
export function isAwaited(request: FastifyRequest): boolean {
  return !request.raw.socket.destroyed
}
