/**
 * The keys that the feed announced and withdrew, before those of another source.
 *
 * A guard acknowledges an entry after it has applied it. So when an announcement is in force, every
 * live guard verifies with the key, and when a withdrawal is in force, every live guard refuses it,
 * even if a JWK Set or a file still contains it.
 */
import type { KeyEntry } from '@gatehouse/contract'
import { type Keys, keysFromJwks, type PublicKey } from './publicKey.ts'

export interface FeedKeys extends Keys {
  /**
   * Makes the keys follow the entries that are applied.
   * @param entries the last entry of each key, by its id
   */
  apply(entries: ReadonlyMap<string, KeyEntry>): void
}

/** @param other where keys come from that the feed does not name: a JWK Set or PEM */
export function createFeedKeys(other: Keys): FeedKeys {
  const announced = new Map<string, PublicKey>()
  let known: ReadonlyMap<string, KeyEntry> = new Map()
  const isWithdrawn = (kid: string) => known.get(kid)?.effect === 'withdrawn'

  return {
    ...other,
    apply(entries) {
      known = entries
      for (const [kid, key] of announced) {
        if (entries.get(kid)?.effect === 'announced') continue
        key.isWithdrawn = true
        announced.delete(kid)
      }
      for (const [kid, { effect, key }] of entries) {
        const same = other.find(kid)
        if (effect === 'withdrawn' && same !== undefined) same.isWithdrawn = true
        if (effect === 'withdrawn' || announced.has(kid)) continue
        const [read] = keysFromJwks({ keys: [key] }, 1)
        if (read !== undefined) announced.set(kid, read)
      }
    },
    find: kid => announced.get(kid) ?? (isWithdrawn(kid) ? undefined : other.find(kid)),
    async fetchKey(kid) {
      if (isWithdrawn(kid)) return undefined
      const key = announced.get(kid) ?? (await other.fetchKey(kid))
      // The withdrawal may have been applied during the fetch.
      return isWithdrawn(kid) ? undefined : key
    },
    isLoaded: () => announced.size > 0 || other.isLoaded(),
  }
}
