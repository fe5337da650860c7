/**
 * Answers polls: write the guard's row, then read the entries, then hold the call while there are none.
 *
 * The order is the proof of the lease: a barrier that does not see the row looked before it was committed, so the reading
 * that follows sees the revocation. Reads are shared only among polls whose rows were committed before the read began.
 */
import type { Clock } from '@gatehouse/clock'
import { type PollResponse, ProblemError } from '@gatehouse/contract'
import { createBatcher } from '../database/batcher.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { type FeedPage, readFeed } from '../store/readFeed.ts'
import { type PollLimits, type PollRow, type PollWriteResult, writePolls } from '../store/writePolls.ts'
import { createAckCoalescer } from './ackCoalescer.ts'

export interface Polls {
  /**
   * Answers at once when there are entries, else when there are some, at the latest after the hold.
   * @param signal the caller has gone
   * @throws Refusal `client-invalid`, `feed-changed`, `rate-limited`
   */
  answer: (poll: PollRow, signal: AbortSignal) => Promise<PollResponse>
  /** Something was appended: held polls read again. */
  wake: () => void
  /** Answers what is held and holds nothing more. */
  close: () => void
}

export interface PollsOptions {
  db: QueryRaw
  clock: Clock
  limits: PollLimits
  holdMs: number
  /** Guards acknowledged something, and it is committed. */
  onAcks: () => void
}

const batchSize = 500
const maxHeld = 5000

export function createPolls({ db, clock, limits, holdMs, onAcks }: PollsOptions): Polls {
  const held = new Set<AbortController>()
  const pendingAcks = createAckCoalescer(clock)
  let isClosing = false
  let wakes = 0

  // A statement may touch a row once, and each poll is judged by its own credentials: a guard's second poll is of the next one.
  const writes = createBatcher<PollRow, PollWriteResult>({
    run: async polls => {
      // In the order of the ids, which is that of the row locks.
      const written = await writePolls(db, polls.toSorted(byGuard), limits)
      if ([...written.values()].some(({ hasMoved }) => hasMoved)) onAcks()
      return polls.map(({ guard }) => written.get(guard) as PollWriteResult)
    },
    ready: pendingAcks.whenAcked,
    maxItems: batchSize,
    keyOf: ({ guard }) => guard,
    clock,
  })

  const reads = createBatcher<number, FeedPage>({
    run: async cursors => {
      const pages = new Map<number, Promise<FeedPage>>()
      for (const after of cursors) {
        if (!pages.has(after)) pages.set(after, readFeed(db, { after, pageSize: limits.pageSize }))
      }
      return Promise.all(cursors.map(after => pages.get(after) as Promise<FeedPage>))
    },
    maxItems: batchSize,
    clock,
  })

  /** @returns whether somebody said that there may be news */
  const hold = async (signal: AbortSignal, wakesBefore: number): Promise<boolean> => {
    if (held.size >= maxHeld) throw new ProblemError('overloaded', 'too many polls are held')
    // Something was appended while the entries were being read: that reading may lack it.
    if (wakes !== wakesBefore) return true
    const waker = new AbortController()
    const stop = () => waker.abort('gone')
    signal.addEventListener('abort', stop)
    held.add(waker)
    await clock.sleep(holdMs, waker.signal).catch(() => undefined)
    held.delete(waker)
    signal.removeEventListener('abort', stop)
    return wakes !== wakesBefore
  }

  const answer: Polls['answer'] = async (poll, signal) => {
    pendingAcks.onPoll(poll.guard)
    const verdict = await writes.add(poll)
    const { leaseMs, hadLease } = assertAccepted(verdict)
    const after = poll.after ?? 0
    const wakesBefore = wakes
    let page = await reads.add(after)
    const mayHold = page.entries.length === 0 && hadLease && leaseMs > 0 && !isClosing
    if (mayHold && !signal.aborted) {
      // After a hold that nobody ended the first page stands: it was read after the row was committed, and what it lacks, should a
      // notification have been lost, is read first thing for the next poll.
      if (await hold(signal, wakesBefore)) page = await reads.add(after)
    }
    if (page.entries.length > 0 && !signal.aborted) pendingAcks.onAnswered(poll.guard)
    return { ...page, leaseMs: page.more ? 0 : leaseMs }
  }

  const wake = () => {
    wakes += 1
    for (const waker of held) waker.abort('woken')
  }
  const close = () => {
    isClosing = true
    wake()
  }
  return { answer, wake, close }
}

function assertAccepted(verdict: PollWriteResult): PollWriteResult {
  const { refused } = verdict
  if (refused === 'client-invalid') throw new ProblemError('client-invalid', 'a poll with unknown client credentials')
  if (refused === 'feed-changed') throw new ProblemError('feed-changed', 'a poll with a cursor of another feed')
  if (refused === 'too-many') throw new ProblemError('rate-limited', 'a service client has too many guards')
  return verdict
}

function byGuard(one: PollRow, other: PollRow): number {
  return one.guard < other.guard ? -1 : 1
}
