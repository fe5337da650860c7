/**
 * The keys that the feed announced and withdrew, before those of another source.
 *
 * A guard acknowledges an entry after it has applied it. So when an announcement is in force, every
 * live guard verifies with the key, and when a withdrawal is in force, every live guard refuses it,
 * even if a JWK Set or a file still contains it.
 */
import { type KeyEntry, type PollResponse, ProblemError } from '@gatehouse/contract'
import { type Keys, keysFromJwks, type PublicKey } from './publicKey.ts'

export interface FeedKeys extends Keys {
  /**
   * Makes the keys follow the entries that are applied. Few responses concern keys: without an
   * entry of a key, and in the same feed as before, nothing is done.
   * @param entries the last entry of each key, by its id; another object after a change of the feed
   * @param response the response that was applied. While further pages follow, a key that the new
   *   feed does not know may still come, so it is kept.
   */
  apply(entries: ReadonlyMap<string, KeyEntry>, response: Pick<PollResponse, 'entries' | 'more'>): void
}

/** @param other where keys come from that the feed does not name: a JWK Set or PEM */
export function createFeedKeys(other: Keys): FeedKeys {
  const announced = new Map<string, PublicKey>()
  /** Keys of the other source that the feed withdrew. */
  const withdrawn = new Map<string, PublicKey>()
  let known: ReadonlyMap<string, KeyEntry> = new Map()
  /** The last page of this feed has been applied. */
  let isComplete = false
  const isWithdrawn = (kid: string) => known.get(kid)?.effect === 'withdrawn'

  function assertNotWithdrawn(kid: string): void {
    if (isWithdrawn(kid)) throw new ProblemError('token-invalid', 'its key was withdrawn')
  }

  return {
    ...other,
    apply(entries, response) {
      if (entries === known && isComplete && !response.entries.some(({ kind }) => kind === 'key')) return
      known = entries
      isComplete = !response.more
      for (const [kid, key] of announced) {
        if (entries.get(kid)?.effect !== 'withdrawn' && (entries.has(kid) || !isComplete)) continue
        key.isWithdrawn = true
        announced.delete(kid)
      }
      for (const [kid, key] of withdrawn) {
        if (isWithdrawn(kid) || !isComplete) continue
        if (other.find(kid) === key) key.isWithdrawn = false
        withdrawn.delete(kid)
      }
      for (const [kid, { effect, key }] of entries) {
        const same = other.find(kid)
        if (effect === 'withdrawn' && same !== undefined) {
          same.isWithdrawn = true
          withdrawn.set(kid, same)
        }
        if (effect === 'withdrawn' || announced.has(kid)) continue
        const [read] = keysFromJwks({ keys: [key] }, 1)
        if (read !== undefined) announced.set(kid, read)
      }
    },
    find: kid => announced.get(kid) ?? (isWithdrawn(kid) ? undefined : other.find(kid)),
    async fetchKey(kid) {
      assertNotWithdrawn(kid)
      const key = announced.get(kid) ?? (await other.fetchKey(kid))
      // The withdrawal may have been applied during the fetch.
      assertNotWithdrawn(kid)
      return key
    },
    isLoaded: () => announced.size > 0 || other.isLoaded(),
  }
}
