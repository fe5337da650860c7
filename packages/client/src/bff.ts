/**
 * For servers that render pages (Next, Nuxt, Remix, plain Node): the session lives in an encrypted cookie of the server's own.
 *
 * The browser never sees a token. Requests that arrive together with one cookie share one client, and so one renewal; requests
 * that reach several processes present the same idempotency key, and get the same successor.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { createClient } from './createClient.ts'
import type { Client, ClientOptions, Credentials } from './types.ts'

export interface BffOptions extends Pick<ClientOptions, 'auth' | 'origins' | 'fetch' | 'clock' | 'timeLimitMs'> {
  /** At least 32 random characters, the same in every process. */
  secret: string
  /** `__Host-gatehouse` unless given. */
  cookieName?: string
  /** How long requests with the same cookie share one client, in milliseconds. 10,000 unless given. */
  burstMs?: number
}

export interface BffSession extends Pick<Client, 'fetch' | 'token' | 'getState'> {
  signIn(credentials: Credentials): Promise<void>
  signOut(): Promise<void>
  /** `Set-Cookie` for the response, if the session has changed; call it when the response is about to be sent. */
  setCookie(): string[]
}

export interface Bff {
  /** @param cookie the `Cookie` header of the request */
  open(cookie: string | null | undefined): BffSession
}

/** Cookies live for at most 400 days in browsers; the session's own end is decided by the auth service. */
const maxAgeSeconds = 400 * 24 * 3600
const maxOpen = 10_000

export function createBff({ secret, cookieName = '__Host-gatehouse', burstMs = 10_000, ...options }: BffOptions): Bff {
  if (secret.length < 32) throw new Error('`secret` must have at least 32 characters.')
  const box = createBox(secret, cookieName)
  const sessions = new Map<string, BffSession>()

  function create(value: string): BffSession {
    const stored = box.open(value)
    let text = stored
    const store = {
      read: () => text,
      write: (next: string) => {
        text = next
      },
    }
    const client = createClient({ ...options, store })
    return {
      fetch: client.fetch,
      token: client.token,
      getState: client.getState,
      signIn: client.signIn,
      signOut: client.signOut,
      setCookie() {
        if (text === stored) return []
        const isEmpty = text === '{}'
        const attributes = `Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=${isEmpty ? 0 : maxAgeSeconds}`
        return [`${cookieName}=${isEmpty ? '' : box.seal(text)}; ${attributes}`]
      },
    }
  }

  return {
    open(cookie) {
      const value = cookieValue(cookie ?? '', cookieName)
      // Without a cookie there is nothing to share: each visitor gets a client of their own.
      if (value === '') return create('')
      const known = sessions.get(value)
      if (known) return known
      const session = create(value)
      sessions.set(value, session)
      const [oldest] = sessions.keys()
      if (sessions.size > maxOpen && oldest !== undefined) sessions.delete(oldest)
      setTimeout(() => sessions.delete(value), burstMs).unref()
      return session
    },
  }
}

function cookieValue(header: string, name: string): string {
  const pair = header.split(/; */).find(part => part.startsWith(`${name}=`))
  return pair?.slice(name.length + 1) ?? ''
}

/** AES-256-GCM, bound to the cookie's name. */
function createBox(secret: string, name: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse bff cookie', 32))
  const aad = Buffer.from(name)
  return {
    seal(text: string): string {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad)
      const sealed = Buffer.concat([cipher.update(text), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    /** @returns an empty record for a value that this server did not write */
    open(value: string): string {
      try {
        const bytes = Buffer.from(value, 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(aad)
        decipher.setAuthTag(bytes.subarray(12, 28))
        return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return '{}'
      }
    },
  }
}
