/** Ends one or several sessions in a transaction: waits for their rows, confirms the actor, then appends. */
import type { Db } from '../database/database.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { type EndedAs, endSessionRows, type SessionSelection } from '../store/endSessionRows.ts'
import { confirmAndAppend, type RevocationContext, sessionEntry } from './appendToFeed.ts'

export interface Ending {
  endedAs: EndedAs
  context: RevocationContext
}

/**
 * @param tx an open transaction, which the caller commits
 * @throws ProblemError the codes of `ReadActor`
 */
export async function revokeInTransaction(
  tx: Db,
  { which, endedAs, context, retentionMs }: Ending & { which: SessionSelection; retentionMs: number },
): Promise<RevocationResult> {
  const ended = await endSessionRows(tx, which, endedAs)
  const isOne = which.kind === 'one'
  const work = {
    entries: ended.map(sessionEntry),
    action: `session.${endedAs}` as const,
    target: isOne ? which.sessionId : which.accountId,
    sessionsEnded: ended.length,
    ownChanges: { session: context.sid !== undefined && ended.includes(context.sid) },
  }
  const revoked = await confirmAndAppend(tx, work, { context, retentionMs })
  return { ...revoked, subject: isOne ? which.sessionId : null }
}
