/** Reads, writes and clears the refresh cookie. */
import type { FastifyReply, FastifyRequest } from 'fastify'

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

/**
 * A cookie that scripts of the page can read, and that holds no secret: a client then sends no renewal where there is no
 * session, and the browser logs no 401 on a first visit. Sent beside the refresh cookie, always after it.
 */
const marker = 'gatehouse-signed-in'
const markerAttributes = { path: '/', secure: true, sameSite: 'strict' } as const

export function refreshCookie({ name, path }: CookieOptions): RefreshCookie {
  const attributes = { path, httpOnly: true, secure: true, sameSite: 'strict' } as const
  return {
    read: request => parseCookie(request.headers.cookie ?? '', name),
    write: (reply, token, expiresAtMs) => {
      const expiry = expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs) }
      reply.setCookie(name, token, { ...attributes, ...expiry })
      reply.setCookie(marker, '1', { ...markerAttributes, ...expiry })
    },
    clear: reply => {
      reply.clearCookie(name, attributes)
      reply.clearCookie(marker, markerAttributes)
    },
  }
}

/**
 * @fastify/cookie keeps only the first value of a name.
 * @param header the Cookie header (RFC 6265 section 4.2.1)
 * @returns the distinct values under the name, in the order of the header; the limit on headers bounds their number
 */
function parseCookie(header: string, name: string): string[] {
  const values = header
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${name}=`))
    .map(pair => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
  return [...new Set(values)].filter(value => value !== '')
}
