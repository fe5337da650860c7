/** Counters that all replicas share: a window in the table `rate_limits`. */
import type pg from 'pg'
import { RateLimiterPostgres } from 'rate-limiter-flexible'

export interface CounterOptions {
  pool: pg.Pool
  keyPrefix: string
  points: number
  windowSeconds: number
}

/** Housekeeping removes what has expired, so the library need not. */
export function sharedCounter({ pool, keyPrefix, points, windowSeconds }: CounterOptions): RateLimiterPostgres {
  return new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix,
    points,
    duration: windowSeconds,
    // Who is over the limit costs no statement until the window ends.
    inMemoryBlockOnConsumed: points + 1,
  })
}
