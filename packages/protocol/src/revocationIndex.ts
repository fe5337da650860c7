/** What a guard remembers: the live revocations, and which tokens they cover. */
import type { AccessTokenClaims, Entry, RevocationEffect } from '@gatehouse/contract'

/** The claims that revocations look at. */
export type TokenClaims = Pick<AccessTokenClaims, 'sid' | 'sub' | 'epoch' | 'global_epoch'>

interface EpochEntry {
  epoch: number
  effect: RevocationEffect
  expiresAtMs: number
}

/**
 * Sessions are one number each (expiry and outcome packed), since bulk revocations are made of them. They lie in many small
 * maps: one of a million entries stands still for a tenth of a second whenever it has to grow.
 * Maps keep insertion order and expiries grow with it, so the oldest entry of each always stands first.
 */
export interface RevocationIndex {
  sessions: Map<number, Map<string, number>>
  users: Map<string, EpochEntry>
  global: EpochEntry | null
}

const effectCodes: readonly RevocationEffect[] = ['ended', 'forbidden', 'superseded']
/** Two hexadecimal digits choose one. */
const shardCount = 256

export function createRevocationIndex(): RevocationIndex {
  return { sessions: new Map(), users: new Map(), global: null }
}

/** Session ids are random to the last digit, so the small maps fill evenly. */
function shardOf(sid: string): number {
  return Number.parseInt(sid.slice(-2), 16) & (shardCount - 1)
}

/** Learns one entry. Entries come in order of `seq`; a later one about the same subject covers all that the earlier did. */
export function applyEntry(index: RevocationIndex, entry: Entry): void {
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

/** Which revocation covers the token, if one does. The session is asked first: an ended session is 401 whatever its account is. */
export function lookup(index: RevocationIndex, token: TokenClaims): RevocationEffect | undefined {
  const session = index.sessions.get(shardOf(token.sid))?.get(token.sid)
  if (session !== undefined) return effectCodes[session % effectCodes.length]
  const user = index.users.get(token.sub)
  if (user !== undefined && token.epoch < user.epoch) return user.effect
  const { global } = index
  if (global !== null && token.global_epoch < global.epoch) return global.effect
  return undefined
}

/**
 * Forgets entries whose tokens have all expired.
 * @param wallMs the clock that also judges `exp`, so that a skewed clock forgets no sooner than it stops accepting
 * @param most how many at the most, so that no call takes long
 * @returns how many were forgotten
 */
export function removeExpired(index: RevocationIndex, { wallMs, max }: { wallMs: number; max: number }): number {
  let removed = 0
  for (const shard of index.sessions.values()) {
    for (const [sid, value] of shard) {
      if (removed === max || Math.floor(value / effectCodes.length) > wallMs) break
      shard.delete(sid)
      removed += 1
    }
  }
  for (const [user, epochEntry] of index.users) {
    if (removed === max || epochEntry.expiresAtMs > wallMs) break
    index.users.delete(user)
    removed += 1
  }
  if (index.global !== null && index.global.expiresAtMs <= wallMs) index.global = null
  return removed
}

/** How many entries are held. */
export function entryCount(index: RevocationIndex): number {
  let sessions = 0
  for (const shard of index.sessions.values()) sessions += shard.size
  return sessions + index.users.size + (index.global === null ? 0 : 1)
}
