/**
 * The path of every revocation: change the rows, append the entries, commit. The barrier is waited
 * for afterwards.
 */
import type { Database, Db } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { type RevocationResult, raiseGlobalEpoch } from '../store/appendRevocations.ts'
import { countActive } from '../store/countActive.ts'
import type { EndedAs, SessionSelection } from '../store/endSessionRows.ts'
import { changePassword } from '../store/updateAccount.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { appendToFeed, confirmAndAppend, type RevocationContext, type RevocationWork } from './appendToFeed.ts'
import { type AccountChangeRequest, type AccountChangeResult, changeAccount } from './changeAccount.ts'
import { confirmActor } from './confirmActor.ts'
import { revokeInTransaction } from './revokeInTransaction.ts'
import { createSharedEnds, type EndSessionDeps } from './sharedEnds.ts'

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

export interface RevocationOptions extends Pick<EndSessionDeps, 'retentionMs' | 'clock'> {
  onBatch?: EndSessionDeps['onBatch']
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

/**
 * @param options.retentionMs how long entries are kept: the longest token lifetime plus the margin
 * @param options.onBatch is called with the number of single sessions whose ends share a commit
 */
export function createRevocations(
  database: Pick<Database, 'prisma' | 'rawSql'>,
  { retentionMs, clock, onBatch = () => undefined }: RevocationOptions,
): Revocations {
  const { prisma } = database
  const endOne = createSharedEnds({ database, clock, retentionMs, onBatch })
  return {
    endSessions: (which, endedAs, context) => {
      if (which.kind === 'one') return endOne(which, { endedAs, context })
      return prisma.$transaction(tx => revokeInTransaction(tx, { which, endedAs, context, retentionMs }))
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
  return appendToFeed(tx, work, { context, retentionMs })
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
  const action = 'user.change-password' as const
  await writeAudit(tx, context, { action, target: id })
  if (keepOnly !== null) {
    const which = { kind: 'others', accountId: id, exceptSessionId: keepOnly } as const
    return revokeInTransaction(tx, { which, endedAs: 'password-changed', context, retentionMs })
  }
  const work = { entries: [], action, target: id, sessionsEnded: 0 }
  const revoked = await confirmAndAppend(tx, work, { context, retentionMs })
  return { ...revoked, kind: 'user', subject: id }
}
