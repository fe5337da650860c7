/** A counter with a time window that all replicas share, in the table `rate_limits`. */
import type { QueryRaw } from '../database/rawSql.ts'
import { addPoints, type Count, deleteCounter, takeBackPoint } from '../store/rateLimits.ts'

export interface CounterOptions {
  db: QueryRaw
  keyPrefix: string
  /** The points at which the limit is reached. */
  max: number
  windowSeconds: number
}

export interface SharedCounter {
  max: number
  /** @returns the key of the row */
  keyOf: (key: string) => string
  /** @param points 1 by default */
  add: (key: string, points?: number) => Promise<Count>
  takeBack: (key: string) => Promise<void>
  forget: (key: string) => Promise<void>
}

/** Housekeeping removes expired rows. */
export function sharedCounter({ db, keyPrefix, max, windowSeconds }: CounterOptions): SharedCounter {
  const keyOf = (key: string) => `${keyPrefix}:${key}`
  return {
    max,
    keyOf,
    add: (key, points = 1) => addPoints(db, { key: keyOf(key), points, windowSeconds }),
    takeBack: key => takeBackPoint(db, keyOf(key)),
    forget: key => deleteCounter(db, keyOf(key)),
  }
}
