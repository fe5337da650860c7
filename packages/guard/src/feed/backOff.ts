/** How long to wait before the next try: longer each time, and never the same for two guards, so that they come back one by one. */

export interface BackOff {
  /** Tries that failed in a row. */
  failures: number
  /** Addresses that can be tried: each is tried once before anything waits long. */
  addresses: number
  /** Between 0 and 1. */
  chance: number
}

const firstMs = 50
const longestMs = 2000

export function backOffMs({ failures, addresses, chance }: BackOff): number {
  if (failures < addresses) return firstMs * chance
  const rounds = Math.min(failures - addresses, 16)
  const limitMs = Math.min(longestMs, firstMs * 2 ** rounds)
  return limitMs / 2 + (limitMs / 2) * chance
}
