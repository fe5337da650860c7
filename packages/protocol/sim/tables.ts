/** The tables of the database as plain data. A backup is a copy. */
import type { Entry, RevocationEffect, RevocationEntry } from '@gatehouse/contract'
import type { GuardRow } from '../src/index.ts'
import { changeKey, firstKey, type KeyState } from './keys.ts'

/** The time stamp is taken within the transaction, so it is shortly before the commit. */
export type StoredEntry = Entry & { committedAtMs: number }

export interface Account {
  epoch: number
  isDisabled: boolean
}

export interface Session {
  sid: string
  user: string
  isEnded: boolean
  globalEpoch: number
  expiresAtMs: number
  refresh: {
    generation: number
    idleExpiresAtMs: number
    rotatedAtMs: number | null
    idempotencyKey: string | null
  } | null
}

export interface Tables {
  feedId: string
  /** The time of the commit since which this feed id is in use. */
  feedSinceMs: number
  /** The history that the feed id belongs to. */
  history: number
  /** The history of this server: a promotion raises it. */
  timeline: number
  promotedAtMs: number
  /** No barrier passes before, for guards whose rows may be lost. */
  holdUntilMs: number
  head: number
  globalEpoch: number
  entries: StoredEntry[]
  guards: Map<string, GuardRow>
  accounts: Map<string, Account>
  sessions: Map<string, Session>
  keys: Map<string, KeyState>
  /** The key that signs. */
  activeKey: string
}

/** A token with the claims that guards read, and its true times for the checker. */
export interface Token {
  sid: string
  sub: string
  epoch: number
  global_epoch: number
  /** The key that signed it. */
  kid: string
  issuedAtMs: number
  expiresAtMs: number
}

/** What a call revokes. */
export type RevocationRequest =
  | { kind: 'session'; sid: string }
  | { kind: 'user'; user: string; change: 'end' | 'disable' | 'enable' | 'supersede' }
  | { kind: 'global' }
  | { kind: 'key' }

export interface Committed {
  feedId: string
  entry: StoredEntry
}

export const users = ['ada', 'ben', 'cho'] as const

export function emptyTables(dbNowMs: number): Tables {
  return {
    feedId: 'feed-1',
    feedSinceMs: dbNowMs,
    history: 1,
    timeline: 1,
    promotedAtMs: dbNowMs,
    holdUntilMs: dbNowMs,
    head: 0,
    globalEpoch: 0,
    entries: [],
    guards: new Map(),
    accounts: new Map(users.map(user => [user, { epoch: 0, isDisabled: false }])),
    sessions: new Map(),
    keys: new Map([[firstKey, 'active']]),
    activeKey: firstKey,
  }
}

export interface RevokeOptions {
  stampMs: number
  retentionMs: number
  nextEpoch: (epoch: number, dbNowMs: number) => number
}

/**
 * The transaction of a revocation: it ends sessions, changes the account or a key, and appends the
 * entry.
 */
export function revoke(
  tables: Tables,
  act: RevocationRequest,
  { stampMs, retentionMs, nextEpoch }: RevokeOptions,
): Committed {
  tables.head += 1
  const epochAfter = (epoch: number) => nextEpoch(epoch, stampMs)
  const expiresAtMs = Math.floor(stampMs + retentionMs)
  const at = { seq: tables.head, committedAtMs: stampMs }
  const entry =
    act.kind === 'key' ? { ...changeKey(tables), ...at } : { ...change(tables, act, epochAfter), ...at, expiresAtMs }
  tables.entries.push(entry)
  return { feedId: tables.feedId, entry }
}

interface EntryChange {
  kind: RevocationEntry['kind']
  subject: string | null
  epoch: number | null
  effect: RevocationEffect
}

function change(
  tables: Tables,
  act: Exclude<RevocationRequest, { kind: 'key' }>,
  epochAfter: (epoch: number) => number,
): EntryChange {
  if (act.kind === 'session') {
    endSession(tables.sessions.get(act.sid))
    return { kind: 'session', subject: act.sid, epoch: null, effect: 'ended' }
  }
  if (act.kind === 'global') {
    tables.globalEpoch = epochAfter(tables.globalEpoch)
    return { kind: 'global', subject: null, epoch: tables.globalEpoch, effect: 'ended' }
  }
  const account = tables.accounts.get(act.user)
  if (account === undefined) throw new Error(`no account ${act.user}`)
  account.epoch = epochAfter(account.epoch)
  if (act.change === 'disable') account.isDisabled = true
  if (act.change === 'enable') account.isDisabled = false
  if (act.change !== 'supersede') {
    for (const session of tables.sessions.values()) if (session.user === act.user) endSession(session)
  }
  const effect = account.isDisabled ? 'forbidden' : act.change === 'supersede' ? 'superseded' : 'ended'
  return { kind: 'user', subject: act.user, epoch: account.epoch, effect }
}

function endSession(session: Session | undefined): void {
  if (session === undefined) return
  session.isEnded = true
  session.refresh = null
}
