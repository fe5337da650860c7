/** The pause before the next poll after failures: it grows and is random, so that guards do not reconnect at the same time. */

/** What the pause depends on. */
export interface BackOff {
  /** The number of polls that failed in a row. */
  failures: number
  /** The number of replicas. Each is tried once before the pause grows. */
  replicas: number
  /** A random number between 0 and 1. */
  random: number
}

const firstMs = 50
const maxMs = 2000

/** @returns the pause in milliseconds */
export function backOffMs({ failures, replicas, random }: BackOff): number {
  if (failures < replicas) return firstMs * random
  const rounds = Math.min(failures - replicas, 16)
  const limitMs = Math.min(maxMs, firstMs * 2 ** rounds)
  return limitMs / 2 + (limitMs / 2) * random
}
