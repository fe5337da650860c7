/** The index of unexpired revocations: which tokens do they cover? It also holds the keys of the feed. */
import type { AccessTokenClaims, Entry, KeyEntry, RevocationEffect } from '@gatehouse/contract'

/** The claims of a token that the index reads. */
export type TokenClaims = Pick<AccessTokenClaims, 'sid' | 'sub' | 'epoch' | 'global_epoch' | 'act'>

interface EpochEntry {
  epoch: number
  effect: RevocationEffect
  expiresAtMs: number
}

/**
 * The index. A session takes one number (expiry and effect packed), since bulk revocations create
 * many of them. Sessions are divided among 256 maps: a single map of a million entries blocks for
 * 0.1 s when it grows. Maps keep insertion order and expiry times increase with it, so the first
 * entry of each map expires first.
 */
export interface RevocationIndex {
  sessions: Map<number, Map<string, number>>
  users: Map<string, EpochEntry>
  global: EpochEntry | null
  /** The last entry of each key, by its id. They never expire. */
  keys: Map<string, KeyEntry>
}

const effectCodes: readonly RevocationEffect[] = ['ended', 'forbidden', 'superseded']
/** Two hexadecimal digits select one. */
const shardCount = 256

/** @returns an empty index */
export function createRevocationIndex(): RevocationIndex {
  return { sessions: new Map(), users: new Map(), global: null, keys: new Map() }
}

/** Session ids are random in their last digits, so the shards fill evenly. */
function shardOf(sid: string): number {
  return Number.parseInt(sid.slice(-2), 16) & (shardCount - 1)
}

/**
 * Adds one entry. Entries arrive in the order of `seq`. A later entry for the same subject covers
 * all tokens that the earlier entry covers, and replaces it.
 * @param index the index to change
 * @param entry the entry
 */
export function applyEntry(index: RevocationIndex, entry: Entry): void {
  if (entry.kind === 'key') {
    index.keys.set(entry.key.kid, entry)
    return
  }
  const { kind, subject, effect, expiresAtMs } = entry
  if (kind === 'session' && subject !== null) {
    const shardId = shardOf(subject)
    const shard = index.sessions.get(shardId) ?? new Map<string, number>()
    index.sessions.set(shardId, shard)
    shard.delete(subject)
    shard.set(subject, expiresAtMs * effectCodes.length + effectCodes.indexOf(effect))
    return
  }
  const epochEntry = { epoch: entry.epoch ?? 0, effect, expiresAtMs }
  if (kind === 'global') {
    index.global = epochEntry
    return
  }
  if (subject === null) return
  index.users.delete(subject)
  index.users.set(subject, epochEntry)
}

/**
 * Looks up a token. Its session and that of the client that acts come first: an ended session is
 * 401, even when the account is disabled.
 * @param index the index
 * @param token the token's claims
 * @returns the effect of the revocation that covers the token; undefined when none does
 */
export function lookup(index: RevocationIndex, token: TokenClaims): RevocationEffect | undefined {
  const session = sessionEffect(index, token.sid) ?? sessionEffect(index, token.act?.sid)
  if (session !== undefined) return session
  const user = index.users.get(token.sub)
  if (user !== undefined && token.epoch < user.epoch) return user.effect
  const { global } = index
  if (global !== null && token.global_epoch < global.epoch) return global.effect
  return undefined
}

function sessionEffect(index: RevocationIndex, sid: string | undefined): RevocationEffect | undefined {
  const packed = sid === undefined ? undefined : index.sessions.get(shardOf(sid))?.get(sid)
  return packed === undefined ? undefined : effectCodes[packed % effectCodes.length]
}

/**
 * Removes expired entries: every token that they cover has expired.
 * @param index the index to change
 * @param limits `expiredAtMs` is the time up to which entries have expired, by the clock that also
 *   judges `exp`; `max` is the maximum number of entries to remove, so that no call takes long
 * @returns the number of removed entries
 */
export function removeExpired(
  index: RevocationIndex,
  { expiredAtMs, max }: { expiredAtMs: number; max: number },
): number {
  let removed = 0
  for (const shard of index.sessions.values()) {
    for (const [sid, value] of shard) {
      if (removed === max || Math.floor(value / effectCodes.length) > expiredAtMs) break
      shard.delete(sid)
      removed += 1
    }
  }
  for (const [user, epochEntry] of index.users) {
    if (removed === max || epochEntry.expiresAtMs > expiredAtMs) break
    index.users.delete(user)
    removed += 1
  }
  if (index.global !== null && index.global.expiresAtMs <= expiredAtMs) index.global = null
  return removed
}

/**
 * @param index the index
 * @returns the number of entries
 */
export function entryCount(index: RevocationIndex): number {
  let sessions = 0
  for (const shard of index.sessions.values()) sessions += shard.size
  return sessions + index.users.size + (index.global === null ? 0 : 1)
}
