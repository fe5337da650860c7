/** Lists the active sessions of an account. */
import type { SessionView } from '@gatehouse/contract'
import Bowser from 'bowser'
import type { Db } from '../database/database.ts'
import { readClock } from './readClock.ts'

/**
 * Newest first, at most `limit`, by the index on `account_id`.
 * @param currentId the session of the caller
 */
export async function listSessions(
  db: Db,
  { accountId, limit, currentId }: { accountId: string; limit: number; currentId: string },
): Promise<SessionView[]> {
  const { globalEpoch, dbNowMs } = await readClock(db)
  const sessions = await db.session.findMany({
    where: { accountId, ...activeSession({ globalEpoch, dbNowMs }) },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
    take: limit,
    select: {
      id: true,
      clientId: true,
      device: true,
      userAgent: true,
      address: true,
      createdAt: true,
      sharedAt: true,
      refreshToken: { select: { rotatedAt: true, idleExpiresAt: true } },
    },
  })
  // A session that ends between the client's two statements has lost its refresh row.
  return sessions.flatMap(({ refreshToken, clientId, createdAt, sharedAt, ...session }) =>
    refreshToken === null
      ? []
      : [
          {
            ...session,
            current: session.id === currentId,
            client: clientId,
            agent: agentInWords(session.userAgent),
            createdAt: createdAt.toISOString(),
            renewedAt: refreshToken.rotatedAt?.toISOString() ?? null,
            expiresAt: refreshToken.idleExpiresAt.toISOString(),
            sharedAt: sharedAt?.toISOString() ?? null,
          },
        ],
  )
}

/**
 * @returns for example `Firefox 140 on Windows`; for a program the first word, such as `curl`
 */
export function agentInWords(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === '') return 'unknown'
  const { browser, os } = Bowser.parse(userAgent)
  const program = browser.name || (/^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? 'unknown')
  const name = [program, browser.name ? browser.version?.split('.')[0] : undefined].filter(Boolean).join(' ')
  // Browsers send a fixed version of these, whatever the user has.
  const hasVersion = !/^(macOS|Windows)$/.test(os.name ?? '')
  const system = [os.name, hasVersion && (os.versionName ?? os.version?.split('.')[0])].filter(Boolean).join(' ')
  return system === '' ? name : `${name} on ${system}`
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
