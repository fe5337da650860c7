/**
 * The path of every revocation: change the rows, append the entries, commit. The barrier is waited
 * for afterwards.
 */
import type { Database, Db, PrismaClient } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { type RevocationResult, raiseGlobalEpoch } from '../store/appendRevocations.ts'
import { countActive } from '../store/countActive.ts'
import { endOneSession } from '../store/endOneSession.ts'
import { type EndedAs, endSessions, type OneSession, type SessionSelection } from '../store/endSessions.ts'
import { readHead } from '../store/readClock.ts'
import { changePassword } from '../store/updateAccount.ts'
import { writeAudit } from '../store/writeAudit.ts'
import {
  appendWork,
  confirmAndAppend,
  type RevocationContext,
  type RevocationWork,
  revocationAudit,
  sessionEntry,
} from './appendWork.ts'
import { type AccountChangeRequest, type AccountChangeResult, changeAccount } from './changeAccount.ts'
import { confirmActor } from './confirmActor.ts'

export interface Revocations {
  endSessions: (which: SessionSelection, endedAs: EndedAs, context: RevocationContext) => Promise<RevocationResult>
  /** @see changeAccount */
  changeAccount: (request: AccountChangeRequest, context: ActorContext) => Promise<AccountChangeResult | undefined>
  /**
   * Appends what `work` returns, in the transaction of `work`.
   * @returns undefined when `work` returned undefined, because it revokes nothing
   */
  revokeWith: (
    work: (db: Db) => Promise<RevocationWork | undefined>,
    context: RevocationContext,
  ) => Promise<RevocationResult | undefined>
  /** Ends every session by raising the global epoch. */
  endAllSessions: (context: RevocationContext) => Promise<RevocationResult>
  /** @returns undefined when the old password is no longer the current one */
  changePassword: (change: PasswordChange, context: ActorContext) => Promise<RevocationResult | undefined>
}

export interface PasswordChange {
  id: string
  /** Hash of the old password. */
  from: string
  /** Hash of the new password. */
  to: string
  /** The session that continues while the others end; null ends none. */
  keepOnly: string | null
}

interface RevocationDeps {
  prisma: PrismaClient
  rawSql: QueryRaw
  retentionMs: number
}

/** @param retentionMs how long entries are kept: the longest token lifetime plus the margin */
export function createRevocations(
  { prisma, rawSql }: Pick<Database, 'prisma' | 'rawSql'>,
  retentionMs: number,
): Revocations {
  const deps = { prisma, rawSql, retentionMs }
  return {
    endSessions: (which, endedAs, context) => {
      if (which.kind !== 'one') return prisma.$transaction(tx => end(tx, { which, endedAs, context, retentionMs }))
      // One statement suffices, unless the actor is not the owner: its rights must then be read.
      const isOwner = context.readActor === undefined || which.accountId === context.actor
      if (isOwner) return endOwn(deps, which, { endedAs, context })
      return prisma.$transaction(tx => end(tx, { which, endedAs, context, retentionMs }))
    },
    changeAccount: (request, context) =>
      prisma.$transaction(tx => changeAccount(tx, { request, context, retentionMs })),
    revokeWith: (work, context) =>
      prisma.$transaction(async tx => {
        const done = await work(tx)
        return done && confirmAndAppend(tx, done, { context, retentionMs })
      }),
    endAllSessions: context => prisma.$transaction(tx => endAll(tx, { context, retentionMs })),
    changePassword: (change, context) =>
      prisma.$transaction(tx => setNewPassword(tx, { change, context, retentionMs })),
  }
}

interface Ending {
  endedAs: EndedAs
  context: RevocationContext
}

async function endOwn(
  { rawSql, retentionMs }: RevocationDeps,
  { sessionId, accountId }: OneSession,
  { endedAs, context }: Ending,
): Promise<RevocationResult> {
  const { kind, effect } = sessionEntry(sessionId)
  const result = { kind, subject: sessionId, effect, sessionsEnded: 1 }
  const audit = revocationAudit(result, { action: `session.${endedAs}`, target: sessionId, context })
  const position = await endOneSession(rawSql, {
    sessionId,
    accountId: accountId ?? null,
    actorSid: context.sid ?? null,
    endedAs,
    retentionMs,
    audit,
  })
  if (position !== undefined) return { ...result, ...position }
  await context.readActor?.(rawSql)
  // Another request has ended the session; the caller waits until that revocation is in force.
  return { ...result, ...(await readHead(rawSql)), sessionsEnded: 0 }
}

async function end(
  tx: Db,
  { which, endedAs, context, retentionMs }: Ending & { which: SessionSelection; retentionMs: number },
): Promise<RevocationResult> {
  const ended = await endSessions(tx, which, endedAs)
  const isOne = which.kind === 'one'
  const work = {
    entries: ended.map(sessionEntry),
    action: `session.${endedAs}` as const,
    target: isOne ? which.sessionId : which.accountId,
    sessionsEnded: ended.length,
    own: { session: context.sid !== undefined && ended.includes(context.sid) },
  }
  const revoked = await confirmAndAppend(tx, work, { context, retentionMs })
  return { ...revoked, subject: isOne ? which.sessionId : null }
}

async function endAll(
  tx: Db,
  { context, retentionMs }: { context: RevocationContext; retentionMs: number },
): Promise<RevocationResult> {
  const { readActor } = context
  // Before the lock of the feed, which every other revocation waits for.
  const sessionsEnded = await countActive(tx)
  if (readActor) await confirmActor(tx, { readActor, use: 'append' })
  const globalEpoch = await raiseGlobalEpoch(tx)
  const entries = [{ kind: 'global' as const, subject: null, epoch: globalEpoch, effect: 'ended' as const }]
  const work = { entries, action: 'sessions.end-all' as const, target: null, sessionsEnded }
  return appendWork(tx, work, { context, retentionMs })
}

async function setNewPassword(
  tx: Db,
  { change, context, retentionMs }: { change: PasswordChange; context: ActorContext; retentionMs: number },
): Promise<RevocationResult | undefined> {
  const { id, from, to, keepOnly } = change
  const isChanged = await changePassword(tx, { id, from, to })
  if (!isChanged) {
    // The actor may have been disabled, which is a better answer than a conflict.
    await context.readActor(tx)
    return undefined
  }
  const { actor, reason, address, requestId, detail = {} } = context
  const action = 'user.change-password' as const
  await writeAudit(tx, { actor, reason, address, requestId, action, target: id, outcome: 'done', detail })
  if (keepOnly !== null) {
    const which = { kind: 'others', accountId: id, exceptSessionId: keepOnly } as const
    return end(tx, { which, endedAs: 'password-changed', context, retentionMs })
  }
  const work = { entries: [], action, target: id, sessionsEnded: 0 }
  const revoked = await confirmAndAppend(tx, work, { context, retentionMs })
  return { ...revoked, kind: 'user', subject: id }
}
