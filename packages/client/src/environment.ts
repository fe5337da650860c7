/** What the client uses of its environment unless the caller passes something else. */
import type { Clock, Page, Store } from './types.ts'

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: Date.now,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}

/** @returns undefined outside a browser: nothing then renews ahead of expiry, and no timer keeps the process alive */
export function browserPage(): Page | undefined {
  if (!globalThis.document) return undefined
  return {
    isVisible: () => !document.hidden,
    listen(wake, signal) {
      document.addEventListener('visibilitychange', wake, { signal })
      addEventListener('online', wake, { signal })
      addEventListener('pageshow', wake, { signal })
    },
  }
}

/** Shared by the tabs of an origin. Access throws in private modes, which `createRecords` handles. */
export function browserStore(name: string): Store {
  return {
    read: () => localStorage[name],
    write: text => {
      localStorage[name] = text
    },
  }
}
