/** Limits the active sessions of an account: a new one ends the oldest. */
import type { Db } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { sessionEntry } from '../revoke/appendToFeed.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { endSessionRows } from '../store/endSessionRows.ts'
import { lockAccount } from '../store/lockAccount.ts'
import { readSurplusSessions } from '../store/readSurplusSessions.ts'

/** Is called after a session has started. */
export type EndSurplusSessions = (accountId: string, clientInfo: ClientInfo) => Promise<void>

export interface SessionLimitDeps {
  db: Db
  revocations: Pick<Revocations, 'revokeWith'>
  /** Active sessions of one account; 0 sets no limit. */
  max: number
  onError: (error: unknown) => void
}

/**
 * Relies on the lock of the account: concurrent log-ins end surplus sessions one after another, so that `max` sessions remain.
 * The first read locks nothing, since of two concurrent log-ins the later one sees both sessions.
 */
export function createSessionLimit({ db, revocations, max, onError }: SessionLimitDeps): EndSurplusSessions {
  const endSurplus: EndSurplusSessions = async (accountId, clientInfo) => {
    if ((await readSurplusSessions(db, { accountId, max })).length === 0) return
    const context = { actor: accountId, ...clientInfo }
    await revocations.revokeWith(async tx => {
      await lockAccount(tx, accountId)
      const ended: string[] = []
      for (const sessionId of await readSurplusSessions(tx, { accountId, max }))
        ended.push(...(await endSessionRows(tx, { kind: 'one', sessionId }, 'limit-exceeded')))
      if (ended.length === 0) return undefined
      const action = 'session.limit-exceeded' as const
      return { entries: ended.map(sessionEntry), action, target: accountId, sessionsEnded: ended.length }
    }, context)
  }
  if (max === 0) return async () => undefined
  // The new session exists already: the log-in must not fail, and the next one ends what is left.
  return (accountId, clientInfo) => endSurplus(accountId, clientInfo).catch(onError)
}
