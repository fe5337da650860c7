/** What a guard remembers: the live revocations, and which tokens they cover. */
import type { AccessTokenClaims, Entry, EntryOutcome } from '@gatehouse/contract'

/** The claims that revocations look at. */
export type Covered = Pick<AccessTokenClaims, 'sid' | 'sub' | 'epoch' | 'everyone_epoch'>

interface Line {
  epoch: number
  outcome: EntryOutcome
  expiresAtMs: number
}

/**
 * Sessions are one number each (expiry and outcome packed), since bulk revocations are made of them. They lie in many small
 * maps: one of a million entries stands still for a tenth of a second whenever it has to grow.
 * Maps keep insertion order and expiries grow with it, so the oldest entry of each always stands first.
 */
export interface Memory {
  sessions: Map<number, Map<string, number>>
  users: Map<string, Line>
  everyone: Line | null
}

const packed: readonly EntryOutcome[] = ['ended', 'forbidden', 'superseded']
/** Two hexadecimal digits choose one. */
const drawers = 256

export function emptyMemory(): Memory {
  return { sessions: new Map(), users: new Map(), everyone: null }
}

/** Session ids are random to the last digit, so the small maps fill evenly. */
function drawerOf(sid: string): number {
  return Number.parseInt(sid.slice(-2), 16) & (drawers - 1)
}

/** Learns one entry. Entries come in order of `seq`; a later one about the same subject covers all that the earlier did. */
export function learn(memory: Memory, entry: Entry): void {
  const { kind, subject, outcome, expiresAtMs } = entry
  if (kind === 'session' && subject !== null) {
    const place = drawerOf(subject)
    const drawer = memory.sessions.get(place) ?? new Map<string, number>()
    memory.sessions.set(place, drawer)
    drawer.delete(subject)
    drawer.set(subject, expiresAtMs * packed.length + packed.indexOf(outcome))
    return
  }
  const line = { epoch: entry.epoch ?? 0, outcome, expiresAtMs }
  if (kind === 'everyone') {
    memory.everyone = line
    return
  }
  if (subject === null) return
  memory.users.delete(subject)
  memory.users.set(subject, line)
}

/** Which revocation covers the token, if one does. The session is asked first: an ended session is 401 whatever its account is. */
export function verdict(memory: Memory, token: Covered): EntryOutcome | undefined {
  const session = memory.sessions.get(drawerOf(token.sid))?.get(token.sid)
  if (session !== undefined) return packed[session % packed.length]
  const user = memory.users.get(token.sub)
  if (user !== undefined && token.epoch < user.epoch) return user.outcome
  const { everyone } = memory
  if (everyone !== null && token.everyone_epoch < everyone.epoch) return everyone.outcome
  return undefined
}

/**
 * Forgets entries whose tokens have all expired.
 * @param wallMs the clock that also judges `exp`, so that a skewed clock forgets no sooner than it stops accepting
 * @param most how many at the most, so that no call takes long
 * @returns how many were forgotten
 */
export function forgetExpired(memory: Memory, { wallMs, most }: { wallMs: number; most: number }): number {
  let forgotten = 0
  for (const drawer of memory.sessions.values()) {
    for (const [sid, value] of drawer) {
      if (forgotten === most || Math.floor(value / packed.length) > wallMs) break
      drawer.delete(sid)
      forgotten += 1
    }
  }
  for (const [user, line] of memory.users) {
    if (forgotten === most || line.expiresAtMs > wallMs) break
    memory.users.delete(user)
    forgotten += 1
  }
  if (memory.everyone !== null && memory.everyone.expiresAtMs <= wallMs) memory.everyone = null
  return forgotten
}

/** How many entries are held. */
export function entriesHeld(memory: Memory): number {
  let sessions = 0
  for (const drawer of memory.sessions.values()) sessions += drawer.size
  return sessions + memory.users.size + (memory.everyone === null ? 0 : 1)
}
