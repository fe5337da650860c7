/**
 * Bounds renewals that fail, over all replicas; those that succeed are never counted, so they cost no statement more.
 *
 * A genuine token counts against its session, an invented one against its address. So an address full of inventions
 * hinders nobody who holds a genuine token, and a client in a loop hinders only itself.
 */
import type { Clock } from '@gatehouse/clock'
import { type Outcome, Refusal } from '@gatehouse/contract'
import type pg from 'pg'
import { sharedCounter } from '../http/counters.ts'
import { rateLimitFields } from '../http/rateLimitFields.ts'

export interface RenewalLimits {
  /** Asks memory only. @throws Refusal `rate-limited` */
  mustBeAllowed: (key: string) => void
  /**
   * Counts in the database. A replica that has not heard of a block yet learns of it with its first failure.
   * `spent` says that this failure was the last: it is said once, for the audit log.
   */
  noteFailure: (key: string) => Promise<'spent' | undefined>
}

export interface RenewalLimitOptions {
  pool: pg.Pool
  clock: Clock
  /** Failures in a window. */
  quota: number
}

const windowSeconds = 60
/** More keys than this are blocked at once only in an attack; the oldest are forgotten, and learnt again. */
const mostBlocked = 100_000
/** What says nothing against whoever asks. */
const notCounted: readonly Outcome[] = ['unavailable', 'overloaded', 'rate-limited', 'internal-error']

export function renewalLimits({ pool, clock, quota }: RenewalLimitOptions): RenewalLimits {
  const counter = sharedCounter({ pool, keyPrefix: 'renew', points: quota, windowSeconds })
  const blockedUntilMs = new Map<string, number>()

  const mustBeAllowed = (key: string) => {
    const resetMs = (blockedUntilMs.get(key) ?? 0) - clock.nowMs()
    if (resetMs > 0) {
      const headers = rateLimitFields({ policy: 'renew', quota, windowSeconds, remaining: 0, resetMs })
      throw new Refusal('rate-limited', 'too many refused renewals', { retryAfterSeconds: resetMs / 1000, headers })
    }
    blockedUntilMs.delete(key)
  }

  const noteFailure: RenewalLimits['noteFailure'] = async key => {
    const { consumedPoints, msBeforeNext } = await counter.penalty(key)
    if (consumedPoints < quota) return undefined
    blockedUntilMs.set(key, clock.nowMs() + msBeforeNext)
    const [oldest] = blockedUntilMs.keys()
    if (blockedUntilMs.size > mostBlocked && oldest !== undefined) blockedUntilMs.delete(oldest)
    return consumedPoints === quota ? 'spent' : undefined
  }
  return { mustBeAllowed, noteFailure }
}

export interface Limited {
  limits: RenewalLimits
  key: string
  /** Writes down that from now on it is refused. */
  onSpent: () => Promise<void>
}

/** Runs a renewal under its limit. */
export async function limited<Result>(
  { limits, key, onSpent }: Limited,
  renew: () => Promise<Result>,
): Promise<Result> {
  limits.mustBeAllowed(key)
  try {
    return await renew()
  } catch (error) {
    const counts = error instanceof Refusal && !notCounted.includes(error.outcome)
    // A count that is lost while the database is away does not make the refusal any less certain.
    const noted = counts ? await limits.noteFailure(key).catch(() => undefined) : undefined
    if (noted === 'spent') await onSpent()
    throw error
  }
}
