/** Lists the active sessions of an account. */
import type { Db } from '../database/database.ts'
import { readClock } from './readClock.ts'

export interface SessionRow {
  id: string
  clientId: string
  device: string | null
  userAgent: string | null
  address: string | null
  createdAt: Date
  renewedAt: Date | null
  expiresAt: Date
  /** When retries showed that two clients hold the refresh token. */
  sharedAt: Date | null
}

/** Newest first, at most `limit`, by the index on `account_id`. */
export async function listSessions(
  db: Db,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<SessionRow[]> {
  const { globalEpoch, dbNowMs } = await readClock(db)
  const sessions = await db.session.findMany({
    where: { accountId, ...activeSession({ globalEpoch, dbNowMs }) },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
    take: limit,
    select: {
      ...{ id: true, clientId: true, device: true, userAgent: true, address: true, createdAt: true, sharedAt: true },
      refreshToken: { select: { rotatedAt: true, idleExpiresAt: true } },
    },
  })
  // A session that ends between the client's two statements has lost its refresh row.
  return sessions.flatMap(({ refreshToken, ...session }) =>
    refreshToken === null
      ? []
      : [{ ...session, renewedAt: refreshToken.rotatedAt, expiresAt: refreshToken.idleExpiresAt }],
  )
}

/** The filter for sessions that can still be renewed. */
export function activeSession({ globalEpoch, dbNowMs }: { globalEpoch: number; dbNowMs: number }) {
  return {
    endedAt: null,
    globalEpoch: { gte: globalEpoch },
    refreshToken: { idleExpiresAt: { gt: new Date(dbNowMs) } },
  }
}

/** @returns the account that the session belongs to, whether or not the session is active */
export async function ownerOf(db: Db, sessionId: string): Promise<string | undefined> {
  const session = await db.session.findUnique({ where: { id: sessionId }, select: { accountId: true } })
  return session?.accountId
}
