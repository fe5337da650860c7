/** Knows which guards were just told something: they ask again at once, and their acknowledgements cost less together. */
import type { Clock } from '@gatehouse/clock'

export interface AckCoalescer {
  /** It is being answered with entries. */
  told: (guard: string) => void
  /** It has asked again. */
  cameBack: (guard: string) => void
  /** Resolves once all have come back, or after a moment: whoever takes longer is not waited for. */
  all: () => Promise<void>
}

/** Each batch that is spared is a commit, a notification, and a look of every barrier less. */
const momentMs = 4

export function createAckCoalescer(clock: Clock): AckCoalescer {
  const away = new Set<string>()
  let allBack = new AbortController()

  const all = async () => {
    if (away.size === 0) return
    allBack = new AbortController()
    await clock.sleep(momentMs, allBack.signal).catch(() => undefined)
    away.clear()
  }
  const cameBack = (guard: string) => {
    if (away.delete(guard) && away.size === 0) allBack.abort('back')
  }
  return { told: guard => away.add(guard), cameBack, all }
}
