/** Throttles guessing: by account and address together, and by address alone; the counters are shared by all replicas. */
import { Refusal } from '@gatehouse/contract'
import type pg from 'pg'
import type { RateLimiterRes } from 'rate-limiter-flexible'
import { sharedCounter } from '../http/counters.ts'
import { networkOf } from '../http/network.ts'
import { rateLimitFields } from '../http/rateLimitFields.ts'
import { hashOf } from '../rotate/token.ts'
import { emailKey } from '../store/accounts.ts'

export interface LoginLimits {
  /** @throws Refusal `rate-limited`, whether the account exists or not */
  mustBeAllowed: (email: string, address: string) => Promise<void>
  /** Whether this was the failure after which no more are allowed. */
  noteFailure: (email: string, address: string) => Promise<boolean>
}

export interface LoginLimitOptions {
  pool: pg.Pool
  /** Wrong passwords for one account from one address. */
  perAccount: number
  /** Wrong passwords from one address, for whatever account. */
  perAddress: number
}

const windowSeconds = 15 * 60

/** Only failures count, and none against the account alone: nobody can lock somebody else out. */
export function loginLimits({ pool, perAccount, perAddress }: LoginLimitOptions): LoginLimits {
  const limiter = (keyPrefix: string, points: number) => sharedCounter({ pool, keyPrefix, points, windowSeconds })
  const pair = limiter('login-pair', perAccount)
  const single = limiter('login-address', perAddress)
  const keys = (email: string, address: string) => {
    const network = networkOf(address)
    return [
      { limiter: pair, key: hashOf(`${emailKey(email)}|${network}`).toString('base64url') },
      { limiter: single, key: network },
    ]
  }

  return {
    mustBeAllowed: async (email, address) => {
      for (const { limiter, key } of keys(email, address)) refuseIfSpent(await limiter.get(key), limiter.points)
    },
    noteFailure: async (email, address) => {
      const counted = keys(email, address).map(async ({ limiter, key }) => {
        const { consumedPoints } = await limiter.penalty(key)
        return consumedPoints === limiter.points
      })
      return (await Promise.all(counted)).includes(true)
    },
  }
}

function refuseIfSpent(spent: RateLimiterRes | null, points: number): void {
  if (spent === null || spent.consumedPoints < points) return
  const { msBeforeNext: resetMs } = spent
  const headers = rateLimitFields({ policy: 'log-in', quota: points, windowSeconds, remaining: 0, resetMs })
  throw new Refusal('rate-limited', 'too many wrong passwords', { retryAfterSeconds: resetMs / 1000, headers })
}
