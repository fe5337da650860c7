/** Renews ahead of expiry while the user looks at the page, and when the page or the network returns. */
import type { ClientError } from './errors.ts'
import { renew } from './renewal.ts'
import { type Hook, isFresh } from './session.ts'
import { completeSignOut } from './signOut.ts'
import type { Client, Page } from './types.ts'

/** The part of the lifetime after which a visible page renews. */
const renewAt = 0.75

/** @param page the document unless given */
export function pageEvents({ core }: Client, page: Page = documentPage): void {
  const { clock, hooks, timeLimitMs } = core
  const closing = new AbortController()
  let timer = new AbortController()

  /** Runs when the timer ends, the page becomes visible or the network returns; several at once cause one renewal. */
  function wake(): void {
    if (!page.isVisible()) return
    if (core.state.status === 'signed-out') completeSignOut(core)
    else if (!isFresh(core, clock.wallMs(), renewAt)) renew(core).catch(onFailure)
  }

  function onFailure({ code }: Partial<ClientError>): void {
    if (code === 'unreachable') schedule(timeLimitMs)
  }

  function schedule(ms: number): void {
    timer.abort()
    timer = new AbortController()
    const { signal } = timer
    clock.sleep(ms, signal).then(() => signal.aborted || wake())
  }

  const hook: Hook = (event, access) => {
    if (event === 'closed') {
      hooks.delete(hook)
      timer.abort()
      closing.abort()
    } else if (event === 'state' && core.state.status === 'unreachable') schedule(timeLimitMs)
    else if (access && event !== 'signed-out') {
      // With jitter, so that tabs and clients do not renew together.
      const lifeMs = access.expiresIn * 1000 * (renewAt + Math.random() / 10)
      schedule(lifeMs - (clock.nowMs() - access.nowMs))
    }
  }
  hooks.add(hook)
  page.listen(() => {
    core.resumeAtMs = 0
    wake()
  }, closing.signal)
  wake()
}

const documentPage: Page = {
  isVisible: () => !document.hidden,
  listen(wake, signal) {
    document.addEventListener('visibilitychange', wake, { signal })
    addEventListener('online', wake, { signal })
    addEventListener('pageshow', wake, { signal })
  },
}
