/** Waits until a revocation is in force: until no guard that may still decide lacks it. */
import type { Clock } from '@gatehouse/clock'
import type { GuardReceipt } from '@gatehouse/contract'
import { blocksRevocation } from '@gatehouse/protocol'
import type { LiveGuards } from '../store/guards.ts'

export interface BarrierResult {
  inForce: boolean
  waitedMs: number
  guards: GuardReceipt[]
}

export interface Barrier {
  /**
   * Waits for the entry `seq`, which must be committed.
   * @param timeoutMs how long the caller waits; then the answer is `inForce: false`
   */
  wait: (seq: number, timeoutMs: number) => Promise<BarrierResult>
  /** A guard acknowledged or left. */
  wake: () => void
}

export interface BarrierOptions {
  read: () => Promise<LiveGuards>
  clock: Clock
  onError: (error: unknown) => void
}

/** A re-read covers a lost notification; a lease that ends is nobody's notification either. */
const rereadMs = 250
const rereadSoonestMs = 5

export function createBarrier({ read, clock, onError }: BarrierOptions): Barrier {
  const waiters = new Set<Waiter>()
  let sleeping = new AbortController()
  let isLooking = false
  let wakes = 0

  const look = async () => {
    const wakesBefore = wakes
    // Only those who waited before the read began: a read from before a revocation's commit could miss a guard that polls just then.
    const present = [...waiters]
    const live = await read().catch(error => void onError(error))
    const nextMs = live ? Math.min(rereadMs, ...present.map(waiter => waiter.see(live))) : rereadMs
    for (const waiter of present) waiter.looked()
    if (waiters.size === 0 || wakes !== wakesBefore) return
    sleeping = new AbortController()
    await clock.sleep(Math.max(nextMs, rereadSoonestMs), sleeping.signal).catch(() => undefined)
  }

  const lookWhileAwaited = async () => {
    isLooking = true
    while (waiters.size > 0) await look()
    isLooking = false
  }

  const wake = () => {
    wakes += 1
    sleeping.abort('woken')
  }

  const wait: Barrier['wait'] = async (seq, timeoutMs) => {
    const startMs = clock.nowMs()
    const waiter = createWaiter(seq)
    waiters.add(waiter)
    if (isLooking) wake()
    else void lookWhileAwaited()

    const giveUp = new AbortController()
    // Nobody gives up before one look: without patience, too, the answer says how things stand.
    const patience = Promise.all([clock.sleep(timeoutMs, giveUp.signal).catch(() => undefined), waiter.firstLook])
    const inForce = await Promise.race([waiter.inForce.then(() => true), patience.then(() => false)])
    giveUp.abort('decided')
    waiters.delete(waiter)
    if (!inForce) wake()
    return { inForce, waitedMs: Math.round(clock.nowMs() - startMs), guards: waiter.receipts() }
  }
  return { wait, wake }

  function createWaiter(seq: number): Waiter {
    const seen: ReceiptsById = new Map()
    let settle: () => void
    const inForce = new Promise<void>(resolve => {
      settle = resolve
    })
    let looked = () => {}
    const firstLook = new Promise<void>(resolve => {
      looked = resolve
    })
    const see = (live: LiveGuards) => {
      const nextMs = updateReceipts(seen, live, seq)
      if (nextMs === undefined) {
        settle()
        waiters.delete(waiter)
      }
      return nextMs ?? rereadMs
    }
    const waiter = { see, inForce, looked, firstLook, receipts: () => [...seen.values()].map(({ receipt }) => receipt) }
    return waiter
  }
}

interface Waiter {
  /** Takes note of the live guards; returns when the next lease ends, in milliseconds from now. */
  see: (live: LiveGuards) => number
  /** A read has ended, well or not. */
  looked: () => void
  firstLook: Promise<void>
  inForce: Promise<void>
  receipts: () => GuardReceipt[]
}

/** By id: what is written down of each guard, and until when it could decide at the last look. */
export type ReceiptsById = Map<string, { receipt: GuardReceipt; leaseUntilMs: number }>

/** Writes down how each guard came to know. Returns undefined once none holds the revocation up, else when the next lease ends. */
export function updateReceipts(
  seen: ReceiptsById,
  { guards, head, dbNowMs }: LiveGuards,
  seq: number,
): number | undefined {
  const now = new Date(dbNowMs).toISOString()
  const live = new Set(guards.map(({ id }) => id))
  // A database that does not have the entry has lost it: nothing of it is in force.
  let nextMs: number | undefined = head < seq ? rereadMs : undefined
  for (const guard of guards) {
    const isBehind = blocksRevocation(guard, { seq, dbNowMs })
    const receipt = seen.get(guard.id)?.receipt ?? {
      guard: guard.id,
      name: guard.name,
      acknowledgedAt: null,
      leaseEndedAt: null,
    }
    seen.set(guard.id, { receipt, leaseUntilMs: guard.leaseUntilMs })
    if (isBehind) nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, guard.leaseUntilMs - dbNowMs)
    else receipt.acknowledgedAt ??= (guard.ackedAt ?? guard.lastSeenAt).toISOString()
  }
  for (const [id, { receipt, leaseUntilMs }] of seen) {
    // One that is gone before its lease has ended took its row away itself.
    const hasEnded = !live.has(id) && leaseUntilMs <= dbNowMs
    if (hasEnded && receipt.acknowledgedAt === null) receipt.leaseEndedAt ??= now
  }
  return nextMs
}
