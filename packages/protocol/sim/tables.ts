/** The tables of the database as plain data. A backup is a copy. */
import type { Entry, EntryKind, RevocationEffect } from '@gatehouse/contract'
import type { GuardRow } from '../src/index.ts'

export interface StoredEntry extends Entry {
  /** The time stamp is taken within the transaction, so it is shortly before the commit. */
  committedAtMs: number
}

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
}

/** A token with the claims that guards read, and its true times for the checker. */
export interface Token {
  sid: string
  sub: string
  epoch: number
  global_epoch: number
  issuedAtMs: number
  expiresAtMs: number
}

/** What a call revokes. */
export type RevocationRequest =
  | { kind: 'session'; sid: string }
  | { kind: 'user'; user: string; change: 'end' | 'disable' | 'enable' | 'supersede' }
  | { kind: 'global' }

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
  }
}

export interface RevokeOptions {
  stampMs: number
  retentionMs: number
  nextEpoch: (epoch: number, dbNowMs: number) => number
}

/**
 * The transaction of a revocation: it ends sessions or changes the account, and appends the entry.
 */
export function revoke(
  tables: Tables,
  act: RevocationRequest,
  { stampMs, retentionMs, nextEpoch }: RevokeOptions,
): Committed {
  tables.head += 1
  const epochAfter = (epoch: number) => nextEpoch(epoch, stampMs)
  const changed = change(tables, act, epochAfter)
  const entry = { seq: tables.head, ...changed, expiresAtMs: Math.floor(stampMs + retentionMs), committedAtMs: stampMs }
  tables.entries.push(entry)
  return { feedId: tables.feedId, entry }
}

interface EntryChange {
  kind: EntryKind
  subject: string | null
  epoch: number | null
  effect: RevocationEffect
}

function change(tables: Tables, act: RevocationRequest, epochAfter: (epoch: number) => number): EntryChange {
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
