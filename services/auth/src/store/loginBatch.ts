/**
 * Log-ins that come to the database together share a statement, and a commit: hashing threads finish several at a time, and each
 * statement by itself would be a tenth of what a log-in costs beside its hash.
 */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { RawSql } from '../database/rawSql.ts'
import { type LoginAttempt, type LoginFacts, readLogins } from './readLogin.ts'
import { type NewSession, type StartResult, startSession, startSessions } from './startSession.ts'

export interface LoginBatch {
  read: (tried: LoginAttempt) => Promise<LoginFacts>
  /** Waits for whoever is changing the account, and keeps nobody else waiting. */
  start: (begin: NewSession) => Promise<StartResult>
}

const maxItems = 32

export function createLoginBatch(db: RawSql, clock: Clock): LoginBatch {
  const reads = createBatcher<LoginAttempt, LoginFacts>({
    run: tries => readLogins(db, tries, clock.wallMs()),
    maxItems,
    clock,
  })
  const starts = createBatcher<NewSession, StartResult | undefined>({
    run: async begins => {
      const started = await startSessions(db, begins, clock.wallMs())
      return begins.map(({ sessionId }) => started.get(sessionId))
    },
    maxItems,
    clock,
  })
  return {
    read: reads.add,
    // Gone, or held by somebody: only a statement that waits can tell.
    start: async begin => (await starts.add(begin)) ?? startSession(db, begin, clock.wallMs()),
  }
}
