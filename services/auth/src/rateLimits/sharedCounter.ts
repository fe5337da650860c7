/** A counter with a time window that all replicas share, in the table `rate_limits`. */
import type pg from 'pg'
import { RateLimiterPostgres } from 'rate-limiter-flexible'

export interface CounterOptions {
  pool: pg.Pool
  keyPrefix: string
  points: number
  windowSeconds: number
}

/** Housekeeping removes expired rows, so the library's own clean-up is off. */
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
    // A key beyond the limit costs no statement until its window ends.
    inMemoryBlockOnConsumed: points + 1,
  })
}
