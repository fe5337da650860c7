/** How long to wait before the next try: longer each time, and never the same for two guards, so that they come back one by one. */

export interface BackOff {
  /** Tries that failed in a row. */
  failures: number
  /** Addresses that can be tried: each is tried once before anything waits long. */
  replicas: number
  /** Between 0 and 1. */
  random: number
}

const firstMs = 50
const maxMs = 2000

export function backOffMs({ failures, replicas, random }: BackOff): number {
  if (failures < replicas) return firstMs * random
  const rounds = Math.min(failures - replicas, 16)
  const limitMs = Math.min(maxMs, firstMs * 2 ** rounds)
  return limitMs / 2 + (limitMs / 2) * random
}
