/**
 * Groups what guards are answered and acknowledge into rounds: guards that were just answered share one write, and entries that
 * come close together share one answer.
 */
import type { Clock } from '@gatehouse/clock'
import type { FeedPage } from '../store/readFeed.ts'

export interface AckCoalescer {
  /** The guard is being answered with entries; its next poll acknowledges them. */
  onAnswered: (guard: string, page: Pick<FeedPage, 'entries' | 'more'>) => void
  /** The guard has polled again. */
  onPoll: (guard: string) => void
  /** Resolves when every answered guard has polled again, and after `maxWaitMs` at the latest. */
  whenAcked: () => Promise<void>
  /** Acknowledgements are committed. */
  onAcked: () => void
  /** Delays the read of further entries briefly. Does not wait while revocations come one by one. */
  whenGathered: () => Promise<void>
}

/** Each write that is saved also saves a commit, a notification and a read by every barrier. */
const maxWaitMs = 4
/**
 * After a round with several entries, entries are gathered for as long as the round took. A round costs a poll of each guard and a
 * dozen statements, so a third less processor time for each revocation is worth the delay.
 */
const maxGatherMs = 20

export function createAckCoalescer(clock: Clock): AckCoalescer {
  const pending = new Set<string>()
  let allPolled = new AbortController()
  let answered = { atMs: 0, hasSeveral: false }
  let gatherUntilMs = 0

  const whenAcked = async () => {
    if (pending.size === 0) return
    allPolled = new AbortController()
    await clock.sleep(maxWaitMs, allPolled.signal).catch(() => undefined)
    pending.clear()
  }
  const onPoll = (guard: string) => {
    if (pending.delete(guard) && pending.size === 0) allPolled.abort('all guards polled')
  }
  const onAnswered: AckCoalescer['onAnswered'] = (guard, { entries, more }) => {
    pending.add(guard)
    // A guard that reads page by page is not delayed.
    answered = { atMs: clock.nowMs(), hasSeveral: entries.length > 1 && !more }
  }
  const onAcked = () => {
    if (!answered.hasSeveral) return
    const nowMs = clock.nowMs()
    gatherUntilMs = nowMs + Math.min(maxGatherMs, nowMs - answered.atMs)
  }
  const whenGathered = async () => {
    const waitMs = gatherUntilMs - clock.nowMs()
    if (waitMs > 0) await clock.sleep(waitMs)
  }
  return { onAnswered, onPoll, whenAcked, onAcked, whenGathered }
}
