/** Compares the keys that the replicas publish with each other and with the configured ones. */

/** Enough that a load balancer that rotates over up to eight replicas reaches each. */
const requestCount = 16
const timeoutMs = 2000

/**
 * Each request uses a new connection, so that a load balancer may send it to another replica.
 * @returns the key ids of each response; undefined when no request succeeds
 */
export async function fetchKeySets(url: string): Promise<string[][] | undefined> {
  const address = `${url.replace(/\/+$/, '')}/.well-known/jwks.json`
  const first = await fetchKeySet(address)
  if (first === undefined) return undefined
  const others = await Promise.all(Array.from({ length: requestCount - 1 }, () => fetchKeySet(address)))
  return [first, ...others].filter(keySet => keySet !== undefined)
}

async function fetchKeySet(address: string): Promise<string[] | undefined> {
  try {
    const headers = { connection: 'close', 'cache-control': 'no-cache' }
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(timeoutMs) })
    const { keys } = (await response.json()) as { keys?: { kid?: string }[] }
    return keys?.map(({ kid }) => kid ?? '')
  } catch {
    return undefined
  }
}

/**
 * @param configured the key ids of the configuration, the signing key first
 * @returns a sentence about the first difference; undefined when all agree
 */
export function compareKeys(
  configured: readonly string[],
  keySets: readonly (readonly string[])[],
): string | undefined {
  const sets = new Set(keySets.map(keySet => keySet.toSorted().join(' ')))
  if (sets.size > 1) {
    const shown = [...sets].map(set => `[${set}]`).join(' and ')
    return `replicas publish different keys: ${shown}. Give all replicas the same SIGNING_KEY and restart them.`
  }
  const [published] = keySets
  const missing = configured.filter(kid => !published?.includes(kid))
  if (missing.length === 0) return undefined
  return `the replicas do not publish the configured ${missing.join(', ')}. Restart them with this configuration.`
}
