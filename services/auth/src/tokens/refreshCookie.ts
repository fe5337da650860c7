/** Reads, writes and clears the refresh cookie. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseCookie } from './parseCookie.ts'

export interface CookieOptions {
  name: string
  path: string
}

export interface RefreshCookie {
  /** Every value under the name: a browser may send several, set for different paths or domains. */
  read: (request: FastifyRequest) => string[]
  /** @param expiresAtMs undefined writes a cookie that ends with the browser session */
  write: (reply: FastifyReply, token: string, expiresAtMs: number | undefined) => void
  clear: (reply: FastifyReply) => void
}

export function refreshCookie({ name, path }: CookieOptions): RefreshCookie {
  const attributes = { path, httpOnly: true, secure: true, sameSite: 'strict' } as const
  return {
    read: request => parseCookie(request.headers.cookie ?? '', name),
    write: (reply, token, expiresAtMs) => {
      reply.setCookie(name, token, {
        ...attributes,
        ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs) }),
      })
    },
    clear: reply => {
      reply.clearCookie(name, attributes)
    },
  }
}
