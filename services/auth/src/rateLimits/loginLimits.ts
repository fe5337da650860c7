/** Limits wrong passwords by account and address, and by address, over all replicas. */
import { ProblemError } from '@gatehouse/contract'
import type { Database } from '../database/database.ts'
import { sha256 } from '../keys/hmac.ts'
import { type AccountForLogin, emailKey } from '../store/accounts.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import type { Quota, ReachedLimit } from '../store/readLogin.ts'
import { addressKey } from './addressKey.ts'
import { rateLimitFields } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

/** The account and the address of a log-in attempt. */
export interface LoginAttempt {
  email: string
  address: string
}

export interface LoginLimits {
  /**
   * Reads the account and its failure counters in one statement.
   * @throws ProblemError `rate-limited`, whether the account exists or not
   */
  findAccount: (attempt: LoginAttempt) => Promise<AccountForLogin | undefined>
  /** The limits that must not be reached when a session starts. */
  quotasOf: (attempt: LoginAttempt) => Quota[]
  /**
   * Counts a wrong password before it is answered: of concurrent guesses only as many are answered as the limit allows.
   * @returns whether this failure reached a limit
   * @throws ProblemError `rate-limited` when a limit was reached before
   */
  recordFailure: (attempt: LoginAttempt) => Promise<boolean>
}

export interface LoginLimitOptions {
  pool: Database['pool']
  store: Pick<LoginBatch, 'read'>
  /** Wrong passwords for one account from one address, per window. */
  perAccount: number
  /** Wrong passwords from one address for any account, per window. */
  perAddress: number
}

const windowSeconds = 15 * 60

/** Failures never count against the account alone: an attacker cannot lock its owner out from elsewhere. */
export function loginLimits({ pool, store, perAccount, perAddress }: LoginLimitOptions): LoginLimits {
  const counter = (keyPrefix: string, points: number) => sharedCounter({ pool, keyPrefix, points, windowSeconds })
  const pair = counter('login-pair', perAccount)
  const single = counter('login-address', perAddress)
  const countersOf = ({ email, address }: LoginAttempt) => {
    const network = addressKey(address)
    return [
      { limiter: pair, key: sha256(`${emailKey(email)}|${network}`).toString('base64url') },
      { limiter: single, key: network },
    ]
  }
  const quotasOf = (attempt: LoginAttempt) =>
    countersOf(attempt).map(({ limiter, key }) => ({ key: limiter.getKey(key), max: limiter.points }))

  return {
    quotasOf,
    findAccount: async attempt => {
      const { account, reachedLimit } = await store.read({ email: attempt.email, quotas: quotasOf(attempt) })
      if (reachedLimit) throw rateLimited(reachedLimit)
      return account
    },
    recordFailure: async attempt => {
      const counted = await Promise.all(
        countersOf(attempt).map(async ({ limiter, key }) => {
          const { consumedPoints, msBeforeNext: leftMs } = await limiter.penalty(key)
          return { key, max: limiter.points, leftMs, beyond: consumedPoints - limiter.points }
        }),
      )
      const exceeded = counted.find(({ beyond }) => beyond > 0)
      if (exceeded) throw rateLimited(exceeded)
      return counted.some(({ beyond }) => beyond === 0)
    },
  }
}

function rateLimited({ max, leftMs }: ReachedLimit): ProblemError {
  const headers = rateLimitFields({ policy: 'log-in', quota: max, windowSeconds, remaining: 0, resetMs: leftMs })
  return new ProblemError('rate-limited', 'too many wrong passwords', { retryAfterSeconds: leftMs / 1000, headers })
}
