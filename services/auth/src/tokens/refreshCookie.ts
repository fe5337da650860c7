/** The refresh token as a cookie: written, read in every copy that came, and taken away. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseCookie } from './parseCookie.ts'

export interface CookieOptions {
  name: string
  path: string
}

export interface RefreshCookie {
  /** Every value that came under the name: a browser may hold several, set under different paths or domains. */
  read: (request: FastifyRequest) => string[]
  /** @param expiresAtMs undefined makes it end with the browser */
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
