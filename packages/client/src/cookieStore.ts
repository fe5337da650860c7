/** What the tabs of an origin share while the refresh token is in a cookie: the key of the session, never a token. */
import type { SessionRecord } from './records.ts'
import type { Store } from './types.ts'

/** The auth service sets it beside the refresh cookie, readable by scripts and without a secret. */
const marker = /(^|; )gatehouse-signed-in=/

/** Access to storage throws in private modes, which the client handles; the key is then made anew by each page. */
export function cookieStore(auth: URL): Store {
  const name = `gatehouse ${auth.href}`
  const newKey = crypto.randomUUID()

  /** False: there is no session, so no renewal is sent. A cookie of another origin cannot be seen from here. */
  const mayHaveSession = () => auth.origin !== globalThis.location?.origin || marker.test(document.cookie)

  return {
    read() {
      let record: SessionRecord = {}
      try {
        record = JSON.parse(localStorage[name] ?? '{}')
      } catch {}
      // Storage may have been cleared, and the user may have signed in without this client.
      if (!record.key && !record.isSignedOut && mayHaveSession()) record.key = newKey
      return JSON.stringify(record)
    },
    write(text) {
      const { key, sessionId, isSignedOut }: SessionRecord = JSON.parse(text)
      localStorage[name] = JSON.stringify({ key, sessionId, isSignedOut })
    },
  }
}
