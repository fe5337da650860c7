/** Throttles guessing: by account and address together, and by address alone; the counters are shared by all replicas. */
import { Refusal } from '@gatehouse/contract'
import type pg from 'pg'
import { RateLimiterPostgres, type RateLimiterRes } from 'rate-limiter-flexible'
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
  const limiter = (keyPrefix: string, points: number) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix,
      points,
      duration: windowSeconds,
    })
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
  throw new Refusal('rate-limited', 'too many wrong passwords', { retryAfterSeconds: spent.msBeforeNext / 1000 })
}

/** Who has one IPv6 address has 2^64 of them, and may write each in many ways. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [left = [], right = []] = plain.split('::').map(side => side.split(':').filter(group => group !== ''))
  const zeros = Array(Math.max(0, 8 - left.length - right.length)).fill('0')
  const network = [...left, ...zeros, ...right].slice(0, 4).map(group => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
