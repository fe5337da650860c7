/** A replica's statements about sessions: log-in, rotation, and the facts about a token that did not rotate. */
import type { RotationFacts } from '../src/index.ts'
import type { Statement } from './database.ts'
import type { Session, Tables, Token } from './tables.ts'

export interface RefreshToken {
  sid: string
  generation: number
  /** The `Idempotency-Key` of the request; null when the client sends none. */
  idempotencyKey: string | null
  isReplayed: boolean
}

export interface Lifetimes {
  tokenMs: number
  sessionMs: number
  idleMs: number
}

/** @returns the access token, or null when the account is disabled */
export function logIn({ sid, user }: { sid: string; user: string }, lifetimes: Lifetimes): Statement<Token | null> {
  return (tables, dbNowMs) => {
    const account = tables.accounts.get(user)
    if (account === undefined || account.isDisabled) return null
    const refresh = {
      generation: 1,
      idleExpiresAtMs: dbNowMs + lifetimes.idleMs,
      rotatedAtMs: null,
      idempotencyKey: null,
    }
    const { globalEpoch } = tables
    const session = { sid, user, isEnded: false, globalEpoch, expiresAtMs: dbNowMs + lifetimes.sessionMs, refresh }
    tables.sessions.set(sid, session)
    return tokenOf(tables, session, { dbNowMs, lifetimes })
  }
}

/** The statement of a rotation. @returns null when no row matched */
export function rotate(
  { sid, generation, idempotencyKey }: RefreshToken,
  lifetimes: Lifetimes,
): Statement<Token | null> {
  return rotateWhere(stored => stored === generation, { sid, generation, idempotencyKey, lifetimes })
}

/** Moves the row forward for a token that is newer than it. @returns null when the row has changed */
export function advance(
  { sid, generation, idempotencyKey }: RefreshToken,
  lifetimes: Lifetimes,
): Statement<Token | null> {
  return rotateWhere(stored => stored < generation, { sid, generation, idempotencyKey, lifetimes })
}

function rotateWhere(
  matches: (storedGeneration: number) => boolean,
  { sid, generation, idempotencyKey, lifetimes }: Omit<RefreshToken, 'isReplayed'> & { lifetimes: Lifetimes },
): Statement<Token | null> {
  return (tables, dbNowMs) => {
    const session = tables.sessions.get(sid)
    const refresh = session?.refresh
    if (!session || !refresh || !matches(refresh.generation) || session.isEnded || isCutOff(tables, session))
      return null
    if (dbNowMs >= session.expiresAtMs || dbNowMs >= refresh.idleExpiresAtMs) return null
    const idleExpiresAtMs = dbNowMs + lifetimes.idleMs
    session.refresh = { generation: generation + 1, idleExpiresAtMs, rotatedAtMs: dbNowMs, idempotencyKey }
    return tokenOf(tables, session, { dbNowMs, lifetimes })
  }
}

export interface Facts {
  facts: RotationFacts
  /** The token for a retry. */
  token: Token | null
}

export function readFacts({ sid, generation, idempotencyKey }: RefreshToken, lifetimes: Lifetimes): Statement<Facts> {
  return (tables, dbNowMs) => {
    const session = tables.sessions.get(sid) ?? null
    const stored = session?.refresh ?? null
    const facts = {
      dbNowMs,
      session: session && {
        isEnded: session.isEnded,
        isCutOff: isCutOff(tables, session),
        expiresAtMs: session.expiresAtMs,
      },
      stored,
      presented: {
        generation,
        // A successor's secret is derived from its predecessor's, so equal generations have equal
        // secrets.
        isCurrentSecret: stored !== null && generation === stored.generation,
        isPreviousSecret: stored !== null && generation === stored.generation - 1,
        hasSameIdempotencyKey: idempotencyKey !== null && stored?.idempotencyKey === idempotencyKey,
      },
    }
    return { facts, token: session && tokenOf(tables, session, { dbNowMs, lifetimes }) }
  }
}

function isCutOff(tables: Tables, session: Session): boolean {
  return tables.accounts.get(session.user)?.isDisabled === true || session.globalEpoch < tables.globalEpoch
}

function tokenOf(tables: Tables, { sid, user }: Session, at: { dbNowMs: number; lifetimes: Lifetimes }): Token {
  const epoch = tables.accounts.get(user)?.epoch ?? 0
  const claims = { sid, sub: user, epoch, global_epoch: tables.globalEpoch, kid: tables.activeKey }
  return { ...claims, issuedAtMs: at.dbNowMs, expiresAtMs: at.dbNowMs + at.lifetimes.tokenMs }
}
