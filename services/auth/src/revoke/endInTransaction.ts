/** Ends one or several sessions in a transaction: waits for their rows, confirms the actor, then appends. */
import type { Db } from '../database/database.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { type EndedAs, endSessions, type SessionSelection } from '../store/endSessions.ts'
import { confirmAndAppend, type RevocationContext, sessionEntry } from './appendWork.ts'

export interface Ending {
  endedAs: EndedAs
  context: RevocationContext
}

/**
 * @param tx an open transaction, which the caller commits
 * @throws ProblemError the codes of `ReadActor`
 */
export async function endSelected(
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
    ownChanges: { session: context.sid !== undefined && ended.includes(context.sid) },
  }
  const revoked = await confirmAndAppend(tx, work, { context, retentionMs })
  return { ...revoked, subject: isOne ? which.sessionId : null }
}
