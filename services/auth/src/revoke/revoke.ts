/** The one path of every revocation: change what stands, append the entries, commit; the barrier comes after. */
import { type EntryKind, type EntryOutcome, Refusal } from '@gatehouse/contract'
import type { Database, Db } from '../database/database.ts'
import { appendRevocations, type NewEntry, raiseEveryoneEpoch } from '../store/appendRevocations.ts'
import { changePassword } from '../store/changeAccount.ts'
import { endOneSession } from '../store/endOneSession.ts'
import { type EndedAs, endSessions, type One, type Which } from '../store/endSessions.ts'
import { hasActiveAdmin, type LockedAccount, lockAccount, lockAdmins } from '../store/lockAccount.ts'
import { readHead } from '../store/readHead.ts'
import { type AuditRow, writeAudit } from '../store/writeAudit.ts'
import type { AccountChange } from './accountChanges.ts'

/** Who does it, for the audit log. */
export interface Act {
  actor: string | null
  reason: string | null
  address: string | null
  requestId: string | null
  detail?: Record<string, unknown>
}

export interface Revoked {
  /** Once this entry is in force, so is the act. */
  seq: number
  kind: EntryKind
  subject: string | null
  outcome: EntryOutcome
  ended: number
}

export interface Revocations {
  endSessions: (which: Which, endedAs: EndedAs, act: Act) => Promise<Revoked>
  /**
   * Judges and changes an account under its lock. Undefined when there is no such account; `revoked` is null when the
   * change took nothing away.
   * @throws Refusal `last-admin`, and what `judge` throws
   */
  changeAccount: (asked: AskedChange, act: Act) => Promise<{ revoked: Revoked | null; head: number } | undefined>
  /** Anything else that covers tokens: what `work` says is appended in its transaction. Undefined when it found nothing to do. */
  perform: (work: (db: Db) => Promise<Work | undefined>, act: Act) => Promise<Revoked | undefined>
  everyone: (act: Act) => Promise<Revoked>
  /** Undefined when the old password does not stand any more. */
  changePassword: (change: PasswordChange, act: Act) => Promise<Revoked | undefined>
}

export interface AskedChange {
  id: string
  change: AccountChange
  /** Throws when this must not be done to this account as it stands. */
  judge?: (account: LockedAccount) => void
}

export interface Work {
  entries: NewEntry[]
  action: string
  target: string | null
  /** How many sessions it ended. */
  ended: number
}

export interface PasswordChange {
  id: string
  from: string
  to: string
  /** The session that stays; null ends none. */
  keepOnly: string | null
}

/** @param retentionMs how long entries are remembered: the longest token lifetime and the margin */
export function createRevocations(
  { prisma, direct }: Pick<Database, 'prisma' | 'direct'>,
  retentionMs: number,
): Revocations {
  const append = async (tx: Db, { entries, action, target, ended }: Work, act: Act): Promise<Revoked> => {
    const [last] = entries.slice(-1)
    const { kind = 'session', outcome = 'ended' } = last ?? {}
    const subject = entries.length === 1 ? (last?.subject ?? null) : null
    // Nothing was left to end: another call ended it, and this one waits until that is in force too.
    if (last === undefined) return { seq: await readHead(tx), kind, subject, outcome, ended }
    const told = { kind, subject, outcome, ended }
    const seq = await appendRevocations(tx, { entries, retentionMs, audit: auditOf(told, { action, target, act }) })
    return { seq, ...told }
  }

  const endOne = async ({ sessionId, accountId }: One, endedAs: EndedAs, act: Act): Promise<Revoked> => {
    const { kind, outcome } = sessionEntry(sessionId)
    const told = { kind, subject: sessionId, outcome, ended: 1 }
    const audit = auditOf(told, { action: `session.${endedAs}`, target: sessionId, act })
    const seq = await endOneSession(direct, { sessionId, accountId: accountId ?? null, endedAs, retentionMs, audit })
    // Another call ended it: this one waits until that is in force too.
    return seq === undefined ? { ...told, seq: await readHead(direct), ended: 0 } : { ...told, seq }
  }

  const end = async (
    tx: Db,
    { which, endedAs, act }: { which: Exclude<Which, One>; endedAs: EndedAs; act: Act },
  ): Promise<Revoked> => {
    const ended = await endSessions(tx, which, endedAs)
    const revoked = await append(
      tx,
      {
        entries: ended.map(sessionEntry),
        action: `session.${endedAs}`,
        target: which.accountId,
        ended: ended.length,
      },
      act,
    )
    return { ...revoked, subject: null }
  }

  return {
    endSessions: (which, endedAs, act) =>
      which.kind === 'one' ? endOne(which, endedAs, act) : prisma.$transaction(tx => end(tx, { which, endedAs, act })),

    changeAccount: ({ id, change, judge }, act) =>
      prisma.$transaction(async tx => {
        await lockAdmins(tx)
        const account = await lockAccount(tx, id)
        if (account === undefined) return undefined
        judge?.(account)
        const { endsSessionsAs, action } = change
        const ended =
          endsSessionsAs === null ? [] : await endSessions(tx, { kind: 'all', accountId: id }, endsSessionsAs)
        const changed = await change.apply(tx, account)
        if (changed === undefined) throw new Error('a locked account is gone')
        if (isActiveAdmin(account) && !(await hasActiveAdmin(tx))) throw new Refusal('last-admin', `${action} of ${id}`)

        const outcome = change.outcomeOf(changed, account)
        const detail = { ...act.detail, ...change.detail?.(account) }
        if (outcome === null) {
          await writeAudit(tx, { ...act, action, target: id, outcome: 'done', detail })
          return { revoked: null, head: await readHead(tx) }
        }
        const entry = { kind: 'user' as const, subject: id, epoch: changed.epoch, outcome }
        const work = { entries: [entry], action, target: id, ended: ended.length }
        const revoked = await append(tx, work, { ...act, detail })
        return { revoked, head: revoked.seq }
      }),

    perform: (work, act) =>
      prisma.$transaction(async tx => {
        const done = await work(tx)
        return done && append(tx, done, act)
      }),

    everyone: act =>
      prisma.$transaction(async tx => {
        const { everyoneEpoch, sessions } = await raiseEveryoneEpoch(tx)
        const entry = { kind: 'everyone' as const, subject: null, epoch: everyoneEpoch, outcome: 'ended' as const }
        return append(tx, { entries: [entry], action: 'everyone.end-all', target: null, ended: sessions }, act)
      }),

    changePassword: ({ id, from, to, keepOnly }, act) =>
      prisma.$transaction(async tx => {
        const isChanged = await changePassword(tx, { id, from, to })
        if (!isChanged) return undefined
        const { detail = {}, ...who } = act
        await writeAudit(tx, { ...who, action: 'user.password-change', target: id, outcome: 'done', detail })
        if (keepOnly === null) return { seq: await readHead(tx), kind: 'user', subject: id, outcome: 'ended', ended: 0 }
        const which = { kind: 'others', accountId: id, exceptSessionId: keepOnly } as const
        return end(tx, { which, endedAs: 'password-changed', act })
      }),
  }
}

/** What `readReceipt` finds again. */
function auditOf(
  { kind, subject, outcome, ended }: Omit<Revoked, 'seq'>,
  { action, target, act }: { action: string; target: string | null; act: Act },
): AuditRow {
  const { detail = {}, ...who } = act
  return { ...who, action, target, outcome: 'done', detail: { ...detail, kind, subject, entry: outcome, ended } }
}

/** The entry that covers one session's tokens. */
export function sessionEntry(subject: string): NewEntry {
  return { kind: 'session', subject, epoch: null, outcome: 'ended' }
}

function isActiveAdmin({ roles, isDisabled }: LockedAccount): boolean {
  return roles.includes('admin') && !isDisabled
}
