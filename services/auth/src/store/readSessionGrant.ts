/** Reads what a session can be granted, for a refresh request that asks for a part of it. */
import type { Db } from '../database/database.ts'

export interface SessionGrant {
  clientId: string
  scopes: string[]
  /** The only audience of its tokens; null allows each that is configured. */
  audience: string | null
}

/** By primary key, without a lock: the rotation reads the scopes again, and the other columns never change. */
export async function readSessionGrant(db: Db, sessionId: string): Promise<SessionGrant | undefined> {
  const session = await db.session.findUnique({
    where: { id: sessionId },
    select: { clientId: true, scope: true, audience: true, account: { select: { scopes: true } } },
  })
  if (session === null) return undefined
  const { scope, account, ...rest } = session
  const allowed = scope?.split(' ')
  return { ...rest, scopes: account.scopes.filter(held => allowed?.includes(held) ?? true) }
}
