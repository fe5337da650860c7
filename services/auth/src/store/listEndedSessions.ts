/** Lists the sessions of an account that ended recently. */
import type { EndedSession } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import { agentInWords } from './listSessions.ts'
import { readClock } from './readClock.ts'

const recentMs = 24 * 3600 * 1000
const maxSessions = 20

/**
 * Newest first, by the index on `account_id`. A session that expired, or that the global epoch
 * ended, has no time of its end and is not listed.
 */
export async function listEndedSessions(db: Db, accountId: string): Promise<EndedSession[]> {
  const { dbNowMs } = await readClock(db)
  const rows = await db.session.findMany({
    where: { accountId, endedAt: { gt: new Date(dbNowMs - recentMs) } },
    orderBy: [{ endedAt: 'desc' }, { id: 'asc' }],
    take: maxSessions,
    select: { id: true, device: true, userAgent: true, address: true, createdAt: true, endedAt: true, endedAs: true },
  })
  return rows.map(({ userAgent, createdAt, endedAt, endedAs, ...rest }) => ({
    ...rest,
    agent: agentInWords(userAgent),
    userAgent,
    createdAt: createdAt.toISOString(),
    endedAt: (endedAt as Date).toISOString(),
    endedAs: endedAs ?? 'revoked',
  }))
}
