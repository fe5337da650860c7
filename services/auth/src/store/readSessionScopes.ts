/** Reads the scopes that a session can have, for a refresh request that asks for some of them. */
import type { Db } from '../database/database.ts'

/** By primary key, without a lock: the rotation reads the scopes again. */
export async function readSessionScopes(db: Db, sessionId: string): Promise<string[] | undefined> {
  const session = await db.session.findUnique({
    where: { id: sessionId },
    select: { account: { select: { scopes: true } } },
  })
  return session?.account?.scopes
}
