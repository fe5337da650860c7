/**
 * Answers polls: writes the guard's row, then reads the entries, then holds the request while there
 * are none.
 *
 * The lease rests on this order. A barrier that does not see the row has read the guards before the
 * row was committed, so the read that follows here sees the revocation. Polls share a read only if
 * their rows were committed before it began.
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
   * Answers immediately when there are entries, otherwise when there are some or when `holdMs` has
   * passed.
   * @param signal aborts when the guard has disconnected
   * @throws ProblemError `client-invalid`, `feed-changed`, `rate-limited`, `overloaded`
   */
  answer: (poll: PollRow, signal: AbortSignal) => Promise<PollResponse>
  /** Makes held polls read again, because an entry was appended. */
  wake: () => void
  /** Answers all held polls and holds no further ones. */
  close: () => void
}

export interface PollsOptions {
  db: QueryRaw
  clock: Clock
  limits: PollLimits & { maxToleranceMs: number }
  holdMs: number
  /** Guards have acknowledged entries, and the acknowledgement is committed. */
  onAcks: () => void
}

const batchSize = 500
const maxHeld = 5000
/**
 * While a page is held, its time advances with this replica's clock at this rate, so that it never
 * exceeds the database's time whatever the drift.
 */
const minClockRate = 0.98

export function createPolls({ db, clock, limits, holdMs, onAcks }: PollsOptions): Polls {
  const held = new Set<AbortController>()
  const pendingAcks = createAckCoalescer(clock)
  let isClosing = false
  let wakes = 0

  // A statement may update a row only once, and each poll is checked by its own credentials, so two
  // polls of one guard never share a batch.
  const writes = createBatcher<PollRow, PollWriteResult>({
    run: async polls => {
      // Rows are locked in the order of their ids, so that two replicas cannot deadlock.
      const written = await writePolls(db, polls.toSorted(byGuard), limits)
      if ([...written.values()].some(({ hasMoved }) => hasMoved)) {
        pendingAcks.onAcked()
        onAcks()
      }
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
    ready: pendingAcks.whenGathered,
    maxItems: batchSize,
    clock,
  })

  /** @returns whether entries may have been appended since the read */
  const hold = async (signal: AbortSignal, wakesBefore: number): Promise<boolean> => {
    if (held.size >= maxHeld) throw new ProblemError('overloaded', 'too many polls are held')
    // An entry that was appended during the read may be missing from the page.
    if (wakes !== wakesBefore) return true
    const waker = new AbortController()
    const stop = () => waker.abort('disconnected')
    signal.addEventListener('abort', stop)
    held.add(waker)
    await clock.sleep(holdMs, waker.signal).catch(() => undefined)
    held.delete(waker)
    signal.removeEventListener('abort', stop)
    return wakes !== wakesBefore
  }

  const answer: Polls['answer'] = async (poll, signal) => {
    pendingAcks.onPoll(poll.guard)
    const { leaseMs, hadLease } = assertAccepted(await writes.add(poll))
    const after = poll.after ?? 0
    const wakesBefore = wakes
    let page = await reads.add(after)
    let readAtMs = clock.nowMs()
    const mayHold = page.entries.length === 0 && hadLease && leaseMs > 0 && !isClosing
    if (mayHold && !signal.aborted) {
      // When the hold times out, the first page is sent: it was read after the row was committed.
      // Should a notification have been lost, the next poll reads the entry first thing.
      if (await hold(signal, wakesBefore)) {
        page = await reads.add(after)
        readAtMs = clock.nowMs()
      }
    }
    if (page.entries.length > 0 && !signal.aborted) pendingAcks.onAnswered(poll.guard, page)
    const dbNowMs = page.dbNowMs + Math.floor((clock.nowMs() - readAtMs) * minClockRate)
    return { ...page, dbNowMs, maxToleranceMs: limits.maxToleranceMs, leaseMs: page.more ? 0 : leaseMs }
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

function assertAccepted(result: PollWriteResult): PollWriteResult {
  const { refused } = result
  if (refused === 'client-invalid') throw new ProblemError('client-invalid', 'a poll with unknown client credentials')
  if (refused === 'feed-changed') throw new ProblemError('feed-changed', 'a poll with a cursor of another feed')
  if (refused === 'too-many') throw new ProblemError('rate-limited', 'the service client has too many guards')
  return result
}

function byGuard(left: PollRow, right: PollRow): number {
  return left.guard < right.guard ? -1 : 1
}
