/** Waits until a revocation is in force: until no guard that may still decide lacks its entry. */
import type { Clock } from '@gatehouse/clock'
import { type GuardReceipt, ProblemError } from '@gatehouse/contract'
import type { LiveGuards } from '../store/guards.ts'
import type { FeedPosition } from '../store/readClock.ts'
import { type GuardProgress, maxRereadMs, progressOf, type ReceiptsById, updateReceipts } from './guardReceipts.ts'

export interface BarrierResult {
  inForce: boolean
  waitedMs: number
  guards: GuardReceipt[]
}

export interface BarrierProgress {
  waitedMs: number
  guards: GuardProgress[]
}

export interface BarrierWatch {
  /** How old the entry is, which counts as waited. */
  elapsedMs: number
  /** Is called after every read of the guards. */
  onProgress: (progress: BarrierProgress) => void
  /** Ends the wait early. */
  signal: AbortSignal
}

export interface Barrier {
  /**
   * Waits for an entry of the feed.
   * @param entry the position of the entry, which must be committed
   * @param timeoutMs how long the caller waits; the result is `inForce: false` if that is too short
   * @param watch for a caller that follows the wait
   * @throws ProblemError `unavailable` when the feed has another identity since: a fail-over may have lost the entry
   */
  wait: (entry: FeedPosition, timeoutMs: number, watch?: BarrierWatch) => Promise<BarrierResult>
  /** Reads the guards again, because one acknowledged an entry or left. */
  wake: () => void
}

export interface BarrierOptions {
  read: () => Promise<LiveGuards>
  clock: Clock
  /** A read has seen another history of the database than the feed's. */
  onHistoryChanged: () => void
  onError: (error: unknown) => void
  /** The interval at which the guards are read without a notification. */
  rereadMs?: number
}

const minRereadMs = 5

/**
 * @param options.read reads the guards that have a lease, the head of the feed and the database's
 *   time in one statement
 * @returns a barrier that shares each read among all callers that were waiting when the read began
 */
export function createBarrier({
  read,
  clock,
  onHistoryChanged,
  onError,
  rereadMs = maxRereadMs,
}: BarrierOptions): Barrier {
  const waiters = new Set<Waiter>()
  let sleepAbort = new AbortController()
  let isReading = false
  let wakes = 0

  const readGuards = async () => {
    const wakesBefore = wakes
    // A read that began before a revocation's commit could miss a guard that polls at that moment,
    // so it does not count for callers that arrive during the read.
    const present = [...waiters]
    const live = await read().catch(error => void onError(error))
    if (live?.isHistoryKnown === false) onHistoryChanged()
    const nextMs = live ? Math.min(rereadMs, ...present.map(waiter => waiter.onGuards(live))) : rereadMs
    for (const waiter of present) waiter.readDone()
    if (waiters.size === 0 || wakes !== wakesBefore) return
    sleepAbort = new AbortController()
    await clock.sleep(Math.max(nextMs, minRereadMs), sleepAbort.signal).catch(() => undefined)
  }

  const readWhileAwaited = async () => {
    isReading = true
    while (waiters.size > 0) await readGuards()
    isReading = false
  }

  const wake = () => {
    wakes += 1
    sleepAbort.abort('woken')
  }

  const wait: Barrier['wait'] = async (entry, timeoutMs, watch) => {
    const startMs = clock.nowMs() - (watch?.elapsedMs ?? 0)
    const waitedMs = () => Math.round(clock.nowMs() - startMs)
    const waiter = createWaiter(entry, {
      onSettled: () => waiters.delete(waiter),
      onProgress: watch && (guards => watch.onProgress({ waitedMs: waitedMs(), guards })),
    })
    waiters.add(waiter)
    if (isReading) wake()
    else void readWhileAwaited()

    const stopTimer = new AbortController()
    const leave = () => stopTimer.abort('left')
    watch?.signal.addEventListener('abort', leave)
    if (watch?.signal.aborted) leave()
    // The time-out never precedes the first read, so that a caller that does not wait still gets
    // the present state.
    const timeout = Promise.all([clock.sleep(timeoutMs, stopTimer.signal).catch(() => undefined), waiter.firstRead])
    const inForce = await Promise.race([waiter.inForce, timeout.then(() => false)]).finally(() => {
      stopTimer.abort('decided')
      watch?.signal.removeEventListener('abort', leave)
      waiters.delete(waiter)
    })
    if (!inForce) wake()
    return { inForce, waitedMs: waitedMs(), guards: waiter.receipts() }
  }
  return { wait, wake }
}

interface Waiter {
  /** Updates the receipts; returns when the next lease ends, in milliseconds from now. */
  onGuards: (live: LiveGuards) => number
  /** A read has ended, with or without a result. */
  readDone: () => void
  firstRead: Promise<void>
  /** Rejects when the feed has another identity than the entry. */
  inForce: Promise<true>
  receipts: () => GuardReceipt[]
}

interface WaiterEvents {
  onSettled: () => void
  onProgress?: ((guards: GuardProgress[]) => void) | undefined
}

function createWaiter({ seq, feedId }: FeedPosition, { onSettled, onProgress }: WaiterEvents): Waiter {
  const receiptsById: ReceiptsById = new Map()
  let resolve = (_isInForce: true) => {}
  let reject = (_error: ProblemError) => {}
  const inForce = new Promise<true>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  let readDone = () => {}
  const firstRead = new Promise<void>(resolve => {
    readDone = resolve
  })
  const onGuards = (live: LiveGuards) => {
    if (feedId !== null && feedId !== live.feedId) {
      onSettled()
      reject(new ProblemError('unavailable', 'the feed has a new identity: the entry may be lost'))
      return maxRereadMs
    }
    const nextMs = updateReceipts(receiptsById, live, seq)
    onProgress?.(progressOf(receiptsById, live.dbNowMs))
    if (nextMs === undefined) {
      resolve(true)
      onSettled()
    }
    return nextMs ?? maxRereadMs
  }
  const receipts = () => [...receiptsById.values()].map(({ receipt }) => receipt)
  return { onGuards, readDone: () => readDone(), firstRead, inForce, receipts }
}
