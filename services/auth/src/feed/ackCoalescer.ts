/**
 * Delays the write of acknowledgements briefly, so that guards that were just answered share one
 * write.
 */
import type { Clock } from '@gatehouse/clock'

export interface AckCoalescer {
  /** The guard is being answered with entries; its next poll acknowledges them. */
  onAnswered: (guard: string) => void
  /** The guard has polled again. */
  onPoll: (guard: string) => void
  /** Resolves when every answered guard has polled again, and after `maxWaitMs` at the latest. */
  whenAcked: () => Promise<void>
}

/** Each write that is saved also saves a commit, a notification and a read by every barrier. */
const maxWaitMs = 4

export function createAckCoalescer(clock: Clock): AckCoalescer {
  const pending = new Set<string>()
  let allPolled = new AbortController()

  const whenAcked = async () => {
    if (pending.size === 0) return
    allPolled = new AbortController()
    await clock.sleep(maxWaitMs, allPolled.signal).catch(() => undefined)
    pending.clear()
  }
  const onPoll = (guard: string) => {
    if (pending.delete(guard) && pending.size === 0) allPolled.abort('all guards polled')
  }
  return { onAnswered: guard => pending.add(guard), onPoll, whenAcked }
}
