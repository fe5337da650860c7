/**
 * Reads the actor of an action again, in order with the revocations, immediately before the action
 * commits.
 */
import type { Db } from '../database/database.ts'
import type { Actor, OwnChanges, ReadActor } from '../http/actorContext.ts'
import { lockFeed } from '../store/lockFeed.ts'

export interface Confirmation {
  readActor: ReadActor
  /** Whether the transaction then appends to the feed, or only commits. */
  use: 'append' | 'read'
  ownChanges?: OwnChanges | undefined
}

/**
 * Must come last in its transaction, before the feed is appended to: an actor whose revocation has
 * been committed is refused, and a revocation that is committed later comes after this action.
 * @returns the actor with the rights at the commit
 * @throws ProblemError `session-ended`, `account-disabled`, `token-expired`, `insufficient-scope`
 */
export async function confirmActor(tx: Db, { readActor, use, ownChanges }: Confirmation): Promise<Actor> {
  await lockFeed(tx, use)
  return readActor(tx, ownChanges)
}
