/** The one path of every revocation: change what stands, append the entries, commit; the barrier comes after. */
import type { EntryKind, EntryOutcome } from '@gatehouse/contract'
import { appendRevocations, type NewEntry, raiseEveryoneEpoch } from '../store/appendRevocations.ts'
import {
  type ChangedAccount,
  changePassword,
  disableAccount,
  enableAccount,
  raiseEpoch,
} from '../store/changeAccount.ts'
import type { Db, Prisma } from '../store/database.ts'
import { type EndedAs, endSessions, type Which } from '../store/endSessions.ts'
import { readHead } from '../store/readHead.ts'
import { writeAudit } from '../store/writeAudit.ts'

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
  /** Undefined when there is no such account. */
  changeAccount: (change: 'disable' | 'enable' | 'end-all', accountId: string, act: Act) => Promise<Revoked | undefined>
  everyone: (act: Act) => Promise<Revoked>
  /** Undefined when the old password does not stand any more. */
  changePassword: (change: PasswordChange, act: Act) => Promise<Revoked | undefined>
}

export interface PasswordChange {
  id: string
  from: string
  to: string
  /** The session that stays; null ends none. */
  keepOnly: string | null
}

/** @param retentionMs how long entries are remembered: the longest token lifetime and the margin */
export function createRevocations(prisma: Prisma, retentionMs: number): Revocations {
  const append = async (
    tx: Db,
    entries: NewEntry[],
    { act, action, target }: { act: Act; action: string; target: string | null },
  ) => {
    // Nothing was left to end: another call ended it, and this one waits until that is in force too.
    if (entries.length === 0) return readHead(tx)
    const { detail = {}, ...who } = act
    return appendRevocations(tx, { entries, retentionMs, audit: { ...who, action, target, outcome: 'done', detail } })
  }

  const end = async (
    tx: Db,
    { which, endedAs, act }: { which: Which; endedAs: EndedAs; act: Act },
  ): Promise<Revoked> => {
    const ended = await endSessions(tx, which, endedAs)
    const target = which.kind === 'one' ? which.sessionId : which.accountId
    const entries = ended.map(subject => ({
      kind: 'session' as const,
      subject,
      epoch: null,
      outcome: 'ended' as const,
    }))
    const seq = await append(tx, entries, { act, action: `session.${endedAs}`, target })
    return {
      seq,
      kind: 'session',
      subject: which.kind === 'one' ? target : null,
      outcome: 'ended',
      ended: ended.length,
    }
  }

  return {
    endSessions: (which, endedAs, act) => prisma.$transaction(tx => end(tx, { which, endedAs, act })),

    changeAccount: (change, accountId, act) =>
      prisma.$transaction(async tx => {
        const { apply, endedAs } = changes[change]
        const account = await apply(tx, accountId)
        if (account === undefined) return undefined
        const ended = await endSessions(tx, { kind: 'all', accountId }, endedAs)
        const outcome = account.isDisabled ? 'forbidden' : 'ended'
        const entry = { kind: 'user' as const, subject: accountId, epoch: account.epoch, outcome } as const
        const seq = await append(tx, [entry], { act, action: `user.${change}`, target: accountId })
        return { seq, kind: 'user', subject: accountId, outcome, ended: ended.length }
      }),

    everyone: act =>
      prisma.$transaction(async tx => {
        const { everyoneEpoch, sessions } = await raiseEveryoneEpoch(tx)
        const entry = { kind: 'everyone' as const, subject: null, epoch: everyoneEpoch, outcome: 'ended' as const }
        const seq = await append(tx, [entry], { act, action: 'everyone.end-all', target: null })
        return { seq, kind: 'everyone', subject: null, outcome: 'ended', ended: sessions }
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

interface Change {
  apply: (db: Db, id: string) => Promise<ChangedAccount | undefined>
  endedAs: EndedAs
}

const changes: Record<'disable' | 'enable' | 'end-all', Change> = {
  disable: { apply: disableAccount, endedAs: 'account-disabled' },
  enable: { apply: enableAccount, endedAs: 'account-disabled' },
  'end-all': { apply: raiseEpoch, endedAs: 'revoked' },
}
