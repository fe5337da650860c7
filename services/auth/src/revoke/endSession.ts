/**
 * Ends single sessions, the most frequent revocation. Those that arrive together share a statement, a commit and a
 * notification; one that arrives alone begins at once.
 */
import type { Clock } from '@gatehouse/clock'
import { ProblemError } from '@gatehouse/contract'
import { createBatcher } from '../database/batcher.ts'
import type { Database, Db } from '../database/database.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { databaseErrorToProblem, isConflict } from '../http/databaseErrors.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { createCallerReads } from '../store/callerReads.ts'
import type { FeedPosition } from '../store/databaseHistory.ts'
import { endOneSession, type SessionEnd } from '../store/endOneSession.ts'
import { endSessionBatch } from '../store/endSessionBatch.ts'
import type { OneSession } from '../store/endSessions.ts'
import { lockFeed } from '../store/lockFeed.ts'
import { readHead } from '../store/readClock.ts'
import { type RevocationContext, revocationAudit, sessionEntry } from './appendWork.ts'
import { type Ending, endSelected } from './endInTransaction.ts'

export interface EndSessionDeps {
  database: Pick<Database, 'prisma' | 'rawSql'>
  clock: Pick<Clock, 'sleep'>
  retentionMs: number
  /** Is called with the number of revocations that share a commit. */
  onBatch: (size: number) => void
}

export type EndSession = (which: OneSession, ending: Ending) => Promise<RevocationResult>

interface EndRequest extends Ending {
  which: OneSession
}

/** The end of a session by an actor that is not its owner: its rights are read again. */
interface EndRequestByOther extends EndRequest {
  context: RevocationContext & Pick<ActorContext, 'readActor'>
}

/** Undefined when a statement of its own must decide: the session is not active, or a row is locked. */
type BatchResult = RevocationResult | ProblemError | undefined

const maxItems = 64
/** Seconds of revocations: a caller that is refused repeats after `Retry-After`. */
const maxWaiting = 10_000

/** @returns a function that ends a session. It throws ProblemError: the codes of `ReadActor`, `overloaded` */
export function createEndSession({ database, clock, retentionMs, onBatch }: EndSessionDeps): EndSession {
  const { prisma, rawSql } = database
  const endOwn = (end: EndRequest) => endOwnSession(rawSql, end, retentionMs)
  const endByOther = (end: EndRequestByOther) => prisma.$transaction(tx => endSelected(tx, { ...end, retentionMs }))

  const batcherOf = <End extends EndRequest>(
    single: (end: End) => Promise<RevocationResult>,
    together: (ends: readonly End[]) => Promise<BatchResult[]>,
  ) => {
    const run = async (ends: readonly End[]): Promise<BatchResult[]> => {
      const [only, ...rest] = ends
      onBatch(ends.length)
      if (only !== undefined && rest.length === 0) return [await single(only)]
      return runTogether(ends, together)
    }
    const { add } = createBatcher<End, BatchResult>({
      run,
      maxItems,
      maxWaiting,
      keyOf: ({ which }) => which.sessionId,
      clock,
    })
    return async (end: End): Promise<RevocationResult> => {
      const result = await add(end)
      if (result instanceof ProblemError) throw result
      return result ?? single(end)
    }
  }

  const endOwnBatched = batcherOf(endOwn, async ends => {
    const positions = await endSessionBatch(rawSql, ends.map(ownRowOf), retentionMs)
    return ends.map(end => resultOf(end, positions))
  })
  const endByOtherBatched = batcherOf(endByOther, ends =>
    prisma.$transaction(tx => endTogetherByOthers(tx, { ends, clock, retentionMs })),
  )

  return (which, { endedAs, context }) => {
    // The owner needs one statement: it requires that the session of the request is active, which
    // implies that the account is.
    const { readActor, actor } = context
    if (readActor === undefined || which.accountId === actor) return endOwnBatched({ which, endedAs, context })
    return endByOtherBatched({ which, endedAs, context: { ...context, readActor } })
  }
}

/**
 * Runs what can share a statement.
 * @throws what `together` throws when the database is unavailable; after another error each end gets a statement of its own, so
 *   that one of them cannot fail the others
 */
async function runTogether<End extends EndRequest>(
  ends: readonly End[],
  together: (ends: readonly End[]) => Promise<BatchResult[]>,
): Promise<BatchResult[]> {
  // When the batch ends the session of another request's actor, that request runs after the batch and is then refused.
  const sessionIds = new Set(ends.map(({ which }) => which.sessionId))
  const isIndependent = ({ which, context: { sid } }: End) =>
    sid === undefined || sid === which.sessionId || !sessionIds.has(sid)
  const independent = ends.filter(isIndependent)
  const results = await together(independent).catch(error => {
    if (databaseErrorToProblem(error) !== undefined && !isConflict(error)) throw error
    return []
  })
  const resultByEnd = new Map(independent.map((end, index) => [end, results[index]]))
  return ends.map(end => resultByEnd.get(end))
}

/**
 * The actors are read after the feed is locked, so the reads include every revocation that committed
 * earlier. The sessions are locked afterwards, which is safe because that statement waits for no row.
 */
async function endTogetherByOthers(
  tx: Db,
  { ends, clock, retentionMs }: { ends: readonly EndRequestByOther[] } & Pick<EndSessionDeps, 'clock' | 'retentionMs'>,
): Promise<BatchResult[]> {
  await lockFeed(tx, 'append')
  const callers = createCallerReads(tx, clock)
  const refusals = await Promise.all(
    ends.map(({ context }) => context.readActor(callers).then(() => undefined, asRefusal)),
  )
  const permitted = ends.filter((_end, index) => refusals[index] === undefined)
  const positions = permitted.length === 0 ? new Map() : await endSessionBatch(tx, permitted.map(rowOf), retentionMs)
  return ends.map((end, index) => refusals[index] ?? resultOf(end, positions))
}

function asRefusal(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  throw error
}

function resultOf({ which }: EndRequest, positions: ReadonlyMap<string, FeedPosition>): RevocationResult | undefined {
  const position = positions.get(which.sessionId)
  return position && { ...resultOfOne(which.sessionId), ...position }
}

function resultOfOne(sessionId: string): Omit<RevocationResult, keyof FeedPosition> {
  const { kind, effect } = sessionEntry(sessionId)
  return { kind, subject: sessionId, effect, sessionsEnded: 1 }
}

/** The actor of such an end has been read; a service client has no row in `sessions`. */
function rowOf({ which: { sessionId, accountId }, endedAs, context }: EndRequest): SessionEnd {
  const audit = revocationAudit(resultOfOne(sessionId), { action: `session.${endedAs}`, target: sessionId, context })
  return { sessionId, accountId: accountId ?? null, actorSid: null, endedAs, audit }
}

function ownRowOf(end: EndRequest): SessionEnd {
  return { ...rowOf(end), actorSid: end.context.sid ?? null }
}

async function endOwnSession(rawSql: QueryRaw, end: EndRequest, retentionMs: number): Promise<RevocationResult> {
  const result = resultOfOne(end.which.sessionId)
  const position = await endOneSession(rawSql, ownRowOf(end), retentionMs)
  if (position !== undefined) return { ...result, ...position }
  await end.context.readActor?.(rawSql)
  // Another request has ended the session; the caller waits until that revocation is in force.
  return { ...result, ...(await readHead(rawSql)), sessionsEnded: 0 }
}
