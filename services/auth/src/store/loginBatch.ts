/**
 * Groups the statements of concurrent log-ins. The hashing threads finish several passwords at a time, and one statement for
 * each would be a tenth of what a log-in costs beside its hash.
 */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { RawSql } from '../database/rawSql.ts'
import { type LoginAttempt, type LoginFacts, readLogins } from './readLogin.ts'
import { type NewSession, type StartResult, startSession, startSessions } from './startSession.ts'

export interface LoginBatch {
  read: (attempt: LoginAttempt) => Promise<LoginFacts>
  /** Waits for a transaction that is changing the account, without delaying other log-ins. */
  start: (session: NewSession) => Promise<StartResult>
}

const maxItems = 32

export function createLoginBatch(db: RawSql, clock: Clock): LoginBatch {
  const reads = createBatcher<LoginAttempt, LoginFacts>({
    run: attempts => readLogins(db, attempts),
    maxItems,
    clock,
  })
  const starts = createBatcher<NewSession, StartResult | undefined>({
    run: async sessions => {
      const results = await startSessions(db, sessions)
      return sessions.map(({ sessionId }) => results.get(sessionId))
    },
    maxItems,
    clock,
  })
  return {
    read: reads.add,
    // The row is gone or locked: only a statement that waits for the lock can tell which.
    start: async session => (await starts.add(session)) ?? startSession(db, session),
  }
}
