/** Throttles guessing: by account and address together, and by address alone; the counters are shared by all replicas. */
import { ProblemError } from '@gatehouse/contract'
import type { Database } from '../database/database.ts'
import { sha256 } from '../keys/hmac.ts'
import { type AccountForLogin, emailKey } from '../store/accounts.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import type { Quota, ReachedLimit } from '../store/readLogin.ts'
import { addressKey } from './addressKey.ts'
import { rateLimitFields } from './rateLimitFields.ts'
import { sharedCounter } from './sharedCounter.ts'

/** Whose password is tried, and from where. */
export interface LoginAttempt {
  email: string
  address: string
}

export interface LoginLimits {
  /**
   * The account, in one statement with what has been tried so far.
   * @throws Refusal `rate-limited`, whether the account exists or not
   */
  findAccount: (tried: LoginAttempt) => Promise<AccountForLogin | undefined>
  /** What must not be spent when a session begins. */
  quotasOf: (tried: LoginAttempt) => Quota[]
  /**
   * Counts a wrong password: of guesses that were sent together, only as many are judged as are allowed.
   * @returns whether this was the failure after which no more are allowed
   * @throws Refusal `rate-limited`
   */
  recordFailure: (tried: LoginAttempt) => Promise<boolean>
}

export interface LoginLimitOptions {
  pool: Database['pool']
  store: Pick<LoginBatch, 'read'>
  /** Wrong passwords for one account from one address. */
  perAccount: number
  /** Wrong passwords from one address, for whatever account. */
  perAddress: number
}

const windowSeconds = 15 * 60

/** Only failures count, and none against the account alone: nobody can lock somebody else out. */
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
  const quotasOf = (tried: LoginAttempt) =>
    countersOf(tried).map(({ limiter, key }) => ({ key: limiter.getKey(key), max: limiter.points }))

  return {
    quotasOf,
    findAccount: async tried => {
      const { account, reachedLimit } = await store.read({ email: tried.email, quotas: quotasOf(tried) })
      if (reachedLimit) throw tooMany(reachedLimit)
      return account
    },
    recordFailure: async tried => {
      const counted = await Promise.all(
        countersOf(tried).map(async ({ limiter, key }) => {
          const { consumedPoints, msBeforeNext: leftMs } = await limiter.penalty(key)
          return { key, max: limiter.points, leftMs, beyond: consumedPoints - limiter.points }
        }),
      )
      const over = counted.find(({ beyond }) => beyond > 0)
      if (over) throw tooMany(over)
      return counted.some(({ beyond }) => beyond === 0)
    },
  }
}

function tooMany({ max, leftMs }: ReachedLimit): ProblemError {
  const headers = rateLimitFields({ policy: 'log-in', quota: max, windowSeconds, remaining: 0, resetMs: leftMs })
  return new ProblemError('rate-limited', 'too many wrong passwords', { retryAfterSeconds: leftMs / 1000, headers })
}
