/** Checks the promises after every event, with clocks and knowledge that no process of the simulation has. */
import { entryCount, type Follower, type RevocationIndex } from '../src/index.ts'
import type { Database } from './database.ts'
import type { Durations } from './durations.ts'
import type { BarrierView } from './feed.ts'
import type { Guard } from './guard.ts'
import { holdsKey } from './keys.ts'
import type { Process } from './processes.ts'
import { createRenewals, type Renewals } from './renewals.ts'
import type { Rules } from './rules.ts'
import type { Committed, StoredEntry, Token } from './tables.ts'

/** A promise was broken; the message says which. */
export class Violation extends Error {}

export interface Checker {
  renewals: Renewals
  committed: (committed: Committed, dbNowMs: number) => void
  minted: (token: Token) => void
  /** A barrier has started; the replica must answer. */
  barrierStarted: (committed: Committed, replica: Process) => void
  barrierRead: (committed: Committed, at: { seen: BarrierView; dbNowMs: number }) => void
  inForce: (committed: Committed) => void
  /** The last commits are lost. */
  failedOver: () => void
  swept: (follower: Follower, expiredAtMs: number) => void
  /** A handler starts for a request with this token. */
  handled: (guard: Guard, token: Token) => void
  /** The newest tokens, which requests present. */
  tokens: () => readonly Token[]
  /** Runs after each event. */
  check: (guards: readonly Guard[]) => void
  /** Runs after the calm period at the end. */
  finish: (guards: readonly Guard[]) => void
  /**
   * How much was tested: the barriers that were answered, and the checks of tokens that guards had
   * to refuse.
   */
  counts: () => { inForce: number; judged: number }
}

export interface CheckerOptions {
  database: Database
  rules: Rules
  durations: Durations
}

/** The time that the last read of a barrier can take. */
const queriesMs = 50
const maxNewest = 12

interface Waiting {
  replica: Process
  life: number
  name: string
}

export function createChecker({ database, rules, durations }: CheckerOptions): Checker {
  const fail = (what: string) => {
    throw new Violation(what)
  }
  const renewals = createRenewals(fail)
  const committedAt = new Map<StoredEntry, number>()
  const waiting = new Map<StoredEntry, Waiting>()
  const lost = new Set<StoredEntry>()
  let promised: StoredEntry[] = []
  const tokens = new Set<Token>()
  const newest: Token[] = []
  const mustRefuse = new Set<Token>()
  let promisedSeq = 0
  const counts = { inForce: 0, judged: 0 }

  /**
   * Whether the revocation covers the token by the true order of events, without comparing epochs.
   */
  const covers = (entry: StoredEntry, { sid, sub, kid, issuedAtMs }: Token) => {
    if (entry.kind === 'key') return entry.effect === 'withdrawn' && entry.key.kid === kid
    const wasBefore = issuedAtMs <= (committedAt.get(entry) ?? 0)
    if (entry.kind === 'global') return wasBefore
    return entry.kind === 'session' ? entry.subject === sid : entry.subject === sub && wasBefore
  }
  /**
   * A guard with a lease is at most this far behind the database's time, since it received that
   * time within the lease.
   */
  const maxLagMs = durations.lease.leaseMs + durations.lease.marginMs
  const isLong = (dbNowMs: number, sinceMs: number) =>
    dbNowMs > sinceMs + durations.lease.leaseMs + durations.lease.marginMs

  const barrierRead: Checker['barrierRead'] = ({ feedId, entry }, { seen, dbNowMs }) => {
    const sinceMs = Math.max(committedAt.get(entry) ?? dbNowMs, database.tables().feedSinceMs)
    // A replica that was stopped until the entry expired can find a guard with a new lease that
    // lacks expired entries.
    const isLive = dbNowMs < entry.expiresAtMs
    if (seen === 'blocked' && isLive && isLong(dbNowMs, sinceMs))
      fail(`LIVE: the barrier of ${feedId}#${entry.seq} outlasts a lease`)
    if (seen === 'feed-changed') waiting.delete(entry)
  }
  const inForce: Checker['inForce'] = ({ feedId, entry }) => {
    counts.inForce += 1
    waiting.delete(entry)
    if (lost.has(entry)) return
    promised.push(entry)
    const { feedId: presentId, history, timeline } = database.tables()
    // An answer that was read on the old primary says nothing about the numbers of the new one.
    if (feedId === presentId && history === timeline) promisedSeq = Math.max(promisedSeq, entry.seq)
    for (const token of tokens) if (covers(entry, token)) mustRefuse.add(token)
  }
  const minted = (token: Token) => {
    tokens.add(token)
    newest.push(token)
    if (newest.length > maxNewest) newest.shift()
    if (promised.some(entry => covers(entry, token))) mustRefuse.add(token)
  }
  const swept: Checker['swept'] = ({ index, feedId }, expiredAtMs) => {
    if (entryCount(index) > committedAt.size) fail('BOUNDED: a guard holds more entries than were committed')
    if (holdsExpired(index, expiredAtMs)) fail('BOUNDED: a guard still holds expired entries after removing them')
    // A guard of the feed before a fail-over may refuse too much until it polls the new feed.
    const tables = database.tables()
    if (feedId === tables.feedId && tables.history === tables.timeline) checkRefusals(index)
  }
  const checkRefusals = (memory: RevocationIndex) => {
    for (const token of tokens) {
      if (token.expiresAtMs + maxLagMs < database.dbNowMs()) tokens.delete(token)
      else if (rules.lookup(memory, token) !== undefined && !isRevoked(token))
        fail(`JUST: refused ${JSON.stringify(token)}`)
    }
  }
  const isRevoked = (token: Token) => [...committedAt.keys()].some(entry => covers(entry, token))

  const checkGuard = ({ process, clock, follower }: Guard) => {
    const current = follower()
    const now = clock.read()
    if (current === undefined || !rules.hasLease(current, now)) return
    const { feedId, activeKey, history, timeline } = database.tables()
    const isBehind = current.feedId !== feedId || (current.cursor ?? 0) < promisedSeq
    if (promisedSeq > 0 && isBehind)
      fail(`SAFE: ${process.name} decides at ${current.feedId}#${current.cursor}, but #${promisedSeq} is in force`)
    // Until lost commits are noticed, guards know a later state of the keys than the database.
    if (current.feedId === feedId && history === timeline && !holdsKey(current.index, activeKey))
      fail(`JUST: ${process.name} decides without the key ${activeKey}, which signs`)
    for (const token of mustRefuse) {
      if (token.expiresAtMs <= (rules.guardTimeMs(current, now) ?? Number.NEGATIVE_INFINITY)) continue
      counts.judged += 1
      if (rules.lookup(current.index, token) === undefined && holdsKey(current.index, token.kid))
        fail(`SAFE: ${process.name} admits ${JSON.stringify(token)}`)
    }
  }

  const handled: Checker['handled'] = ({ process, clock, follower }, token) => {
    const current = follower()
    const timeMs = current && rules.guardTimeMs(current, clock.read())
    if (mustRefuse.has(token) && token.expiresAtMs > (timeMs ?? Number.NEGATIVE_INFINITY))
      fail(`SAFE: ${process.name} runs a handler for ${JSON.stringify(token)}`)
  }

  const finish: Checker['finish'] = guards => {
    for (const [entry, { replica, life, name }] of waiting) {
      const isDue = isLong(database.dbNowMs() - queriesMs, committedAt.get(entry) ?? 0)
      if (isDue && replica.isAlive && replica.life === life) fail(`LIVE: ${replica.name} never answered for ${name}`)
    }
    for (const guard of guards) {
      const current = guard.follower()
      const hasLease = current !== undefined && rules.hasLease(current, guard.clock.read())
      if (!hasLease && !guard.isStalled()) fail(`RECOVERS: ${guard.process.name} does not decide in the calm period`)
    }
  }

  return {
    renewals,
    minted,
    barrierRead,
    inForce,
    swept,
    handled,
    finish,
    tokens: () => newest,
    committed: ({ entry }, dbNowMs) => committedAt.set(entry, dbNowMs),
    barrierStarted: ({ feedId, entry }, replica) =>
      waiting.set(entry, { replica, life: replica.life, name: `${feedId}#${entry.seq}` }),
    failedOver: () => {
      // These revocations are lost with the old primary. No protocol can keep their promise.
      const { head } = database.tables()
      for (const entry of committedAt.keys()) if (entry.seq > head) lost.add(entry)
      promised = promised.filter(entry => !lost.has(entry))
      for (const token of mustRefuse) if (!promised.some(entry => covers(entry, token))) mustRefuse.delete(token)
      promisedSeq = 0
      renewals.forget()
    },
    check: guards => {
      const dbNowMs = database.dbNowMs()
      for (const token of mustRefuse) if (token.expiresAtMs + maxLagMs < dbNowMs) mustRefuse.delete(token)
      for (const guard of guards) checkGuard(guard)
    },
    counts: () => counts,
  }
}

function holdsExpired({ sessions, users, global }: RevocationIndex, expiredAtMs: number): boolean {
  const [user] = users.values()
  const oldest = [...sessions.values()].flatMap(shard => [...shard.values()].slice(0, 1))
  const isSessionExpired = oldest.some(session => Math.floor(session / 3) <= expiredAtMs)
  const isUserExpired = user !== undefined && user.expiresAtMs <= expiredAtMs
  return isSessionExpired || isUserExpired || (global !== null && global.expiresAtMs <= expiredAtMs)
}
