/** The one path of every revocation: change what stands, append the entries, commit; the barrier comes after. */
import { ProblemError } from '@gatehouse/contract'
import type { Database, Db } from '../database/database.ts'
import type { AuditContext } from '../http/auditContext.ts'
import {
  appendRevocations,
  type NewRevocation,
  type RevocationResult,
  raiseGlobalEpoch,
} from '../store/appendRevocations.ts'
import { changePassword } from '../store/changeAccount.ts'
import { endOneSession } from '../store/endOneSession.ts'
import { type EndedAs, endSessions, type OneSession, type SessionSelection } from '../store/endSessions.ts'
import { hasActiveAdmin, type LockedAccount, lockAccount, lockAdmins } from '../store/lockAccount.ts'
import { readHead } from '../store/readFeed.ts'
import { type AuditRow, writeAudit } from '../store/writeAudit.ts'
import type { AccountChange } from './accountChanges.ts'

export interface Revocations {
  endSessions: (which: SessionSelection, endedAs: EndedAs, act: AuditContext) => Promise<RevocationResult>
  /**
   * Judges and changes an account under its lock. Undefined when there is no such account; `revoked` is null when the
   * change took nothing away.
   * @throws Refusal `last-admin`, and what `judge` throws
   */
  changeAccount: (
    asked: AccountChangeRequest,
    act: AuditContext,
  ) => Promise<{ revoked: RevocationResult | null; head: number } | undefined>
  /** Anything else that covers tokens: what `work` says is appended in its transaction. Undefined when it found nothing to do. */
  revokeWith: (
    work: (db: Db) => Promise<RevocationWork | undefined>,
    act: AuditContext,
  ) => Promise<RevocationResult | undefined>
  endAllSessions: (act: AuditContext) => Promise<RevocationResult>
  /** Undefined when the old password does not stand any more. */
  changePassword: (change: PasswordChange, act: AuditContext) => Promise<RevocationResult | undefined>
}

export interface AccountChangeRequest {
  id: string
  change: AccountChange
  /** Throws when this must not be done to this account as it stands. */
  check?: (account: LockedAccount) => void
}

export interface RevocationWork {
  entries: NewRevocation[]
  action: string
  target: string | null
  /** How many sessions it ended. */
  sessionsEnded: number
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
  { prisma, rawSql }: Pick<Database, 'prisma' | 'rawSql'>,
  retentionMs: number,
): Revocations {
  const append = async (
    tx: Db,
    { entries, action, target, sessionsEnded }: RevocationWork,
    act: AuditContext,
  ): Promise<RevocationResult> => {
    const [last] = entries.slice(-1)
    const { kind = 'session', effect = 'ended' } = last ?? {}
    const subject = entries.length === 1 ? (last?.subject ?? null) : null
    // Nothing was left to end: another call ended it, and this one waits until that is in force too.
    if (last === undefined) return { seq: await readHead(tx), kind, subject, effect, sessionsEnded }
    const result = { kind, subject, effect, sessionsEnded }
    const seq = await appendRevocations(tx, { entries, retentionMs, audit: auditOf(result, { action, target, act }) })
    return { seq, ...result }
  }

  const endOne = async (
    { sessionId, accountId }: OneSession,
    endedAs: EndedAs,
    act: AuditContext,
  ): Promise<RevocationResult> => {
    const { kind, effect } = sessionEntry(sessionId)
    const result = { kind, subject: sessionId, effect, sessionsEnded: 1 }
    const audit = auditOf(result, { action: `session.${endedAs}`, target: sessionId, act })
    const seq = await endOneSession(rawSql, { sessionId, accountId: accountId ?? null, endedAs, retentionMs, audit })
    // Another call ended it: this one waits until that is in force too.
    return seq === undefined ? { ...result, seq: await readHead(rawSql), sessionsEnded: 0 } : { ...result, seq }
  }

  const end = async (
    tx: Db,
    { which, endedAs, act }: { which: Exclude<SessionSelection, OneSession>; endedAs: EndedAs; act: AuditContext },
  ): Promise<RevocationResult> => {
    const ended = await endSessions(tx, which, endedAs)
    const revoked = await append(
      tx,
      {
        entries: ended.map(sessionEntry),
        action: `session.${endedAs}`,
        target: which.accountId,
        sessionsEnded: ended.length,
      },
      act,
    )
    return { ...revoked, subject: null }
  }

  return {
    endSessions: (which, endedAs, act) =>
      which.kind === 'one' ? endOne(which, endedAs, act) : prisma.$transaction(tx => end(tx, { which, endedAs, act })),

    changeAccount: ({ id, change, check }, act) =>
      prisma.$transaction(async tx => {
        await lockAdmins(tx)
        const account = await lockAccount(tx, id)
        if (account === undefined) return undefined
        check?.(account)
        const { endsSessionsAs, action } = change
        const ended =
          endsSessionsAs === null ? [] : await endSessions(tx, { kind: 'all', accountId: id }, endsSessionsAs)
        const changed = await change.apply(tx, account)
        if (changed === undefined) throw new Error('a locked account is gone')
        if (isActiveAdmin(account) && !(await hasActiveAdmin(tx)))
          throw new ProblemError('last-admin', `${action} of ${id}`)

        const effect = change.effectOf(changed, account)
        const detail = { ...act.detail, ...change.detail?.(account) }
        if (effect === null) {
          await writeAudit(tx, { ...act, action, target: id, outcome: 'done', detail })
          return { revoked: null, head: await readHead(tx) }
        }
        const entry = { kind: 'user' as const, subject: id, epoch: changed.epoch, effect }
        const work = { entries: [entry], action, target: id, sessionsEnded: ended.length }
        const revoked = await append(tx, work, { ...act, detail })
        return { revoked, head: revoked.seq }
      }),

    revokeWith: (work, act) =>
      prisma.$transaction(async tx => {
        const done = await work(tx)
        return done && append(tx, done, act)
      }),

    endAllSessions: act =>
      prisma.$transaction(async tx => {
        const { globalEpoch, sessions } = await raiseGlobalEpoch(tx)
        const entry = { kind: 'global' as const, subject: null, epoch: globalEpoch, effect: 'ended' as const }
        return append(tx, { entries: [entry], action: 'sessions.end-all', target: null, sessionsEnded: sessions }, act)
      }),

    changePassword: ({ id, from, to, keepOnly }, act) =>
      prisma.$transaction(async tx => {
        const isChanged = await changePassword(tx, { id, from, to })
        if (!isChanged) return undefined
        const { detail = {}, ...who } = act
        await writeAudit(tx, { ...who, action: 'user.password-change', target: id, outcome: 'done', detail })
        if (keepOnly === null)
          return { seq: await readHead(tx), kind: 'user', subject: id, effect: 'ended', sessionsEnded: 0 }
        const which = { kind: 'others', accountId: id, exceptSessionId: keepOnly } as const
        return end(tx, { which, endedAs: 'password-changed', act })
      }),
  }
}

/** What `readReceipt` finds again. */
function auditOf(
  { kind, subject, effect, sessionsEnded }: Omit<RevocationResult, 'seq'>,
  { action, target, act }: { action: string; target: string | null; act: AuditContext },
): AuditRow {
  const { detail = {}, ...who } = act
  return { ...who, action, target, outcome: 'done', detail: { ...detail, kind, subject, effect, sessionsEnded } }
}

/** The entry that covers one session's tokens. */
export function sessionEntry(subject: string): NewRevocation {
  return { kind: 'session', subject, epoch: null, effect: 'ended' }
}

function isActiveAdmin({ roles, isDisabled }: LockedAccount): boolean {
  return roles.includes('admin') && !isDisabled
}
