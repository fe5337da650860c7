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
import type { OneSession } from '../store/endSessionRows.ts'
import { lockFeed } from '../store/lockFeed.ts'
import { type FeedPosition, readHead } from '../store/readClock.ts'
import { revokeSession, type SessionEnd } from '../store/revokeSession.ts'
import { revokeSessionBatch } from '../store/revokeSessionBatch.ts'
import { type RevocationContext, revocationAudit, sessionEntry } from './appendToFeed.ts'
import { type Ending, revokeInTransaction } from './revokeInTransaction.ts'

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

/**
 * The owner of a session needs one statement: it requires that the session of the request is active, which implies that the
 * account is. The rights of any other actor are read again in a transaction.
 * @returns a function that ends a session. It throws ProblemError: the codes of `ReadActor`, `overloaded`
 */
export function createSharedEnds(deps: EndSessionDeps): EndSession {
  const { database, clock, retentionMs } = deps
  const { prisma, rawSql } = database

  const endOwn = shareStatements<EndRequest>(deps, {
    endAlone: end => endOwnSession(rawSql, end, retentionMs),
    endBatch: async ends => {
      const positions = await revokeSessionBatch(rawSql, ends.map(ownRowOf), retentionMs)
      return ends.map(end => resultOf(end, positions))
    },
  })
  const endByOther = shareStatements<EndRequestByOther>(deps, {
    endAlone: end => prisma.$transaction(tx => revokeInTransaction(tx, { ...end, retentionMs })),
    endBatch: ends => prisma.$transaction(tx => endBatchByOthers(tx, { ends, clock, retentionMs })),
  })

  return (which, { endedAs, context }) => {
    const { readActor, actor } = context
    if (readActor === undefined || which.accountId === actor) return endOwn({ which, endedAs, context })
    return endByOther({ which, endedAs, context: { ...context, readActor } })
  }
}

interface Statements<End extends EndRequest> {
  /** Waits for locked rows, and always decides. */
  endAlone: (end: End) => Promise<RevocationResult>
  endBatch: (ends: readonly End[]) => Promise<BatchResult[]>
}

/** @returns a function that ends a session with those that arrive meanwhile, and alone when the batch cannot decide */
function shareStatements<End extends EndRequest>(
  { clock, onBatch }: Pick<EndSessionDeps, 'clock' | 'onBatch'>,
  { endAlone, endBatch }: Statements<End>,
): (end: End) => Promise<RevocationResult> {
  const { add } = createBatcher<End, BatchResult>({
    run: async ends => {
      onBatch(ends.length)
      const [only, ...rest] = ends
      if (only !== undefined && rest.length === 0) return [await endAlone(only)]
      return endIndependent(ends, endBatch)
    },
    maxItems,
    keyOf: ({ which }) => which.sessionId,
    clock,
  })
  return async end => {
    const result = await add(end)
    if (result instanceof ProblemError) throw result
    return result ?? endAlone(end)
  }
}

/**
 * Ends the sessions whose requests do not depend on another end of the batch; the other results are undefined.
 * @throws what `endBatch` throws when the database is unavailable. After another error all results are undefined, so that no
 *   end can fail the others
 */
async function endIndependent<End extends EndRequest>(
  ends: readonly End[],
  endBatch: Statements<End>['endBatch'],
): Promise<BatchResult[]> {
  // When the batch ends the session of another request's actor, that request runs after the batch and is then refused.
  const sessionIds = new Set(ends.map(({ which }) => which.sessionId))
  const isIndependent = ({ which, context: { sid } }: End) =>
    sid === undefined || sid === which.sessionId || !sessionIds.has(sid)
  const independent = ends.filter(isIndependent)
  const results = await endBatch(independent).catch(error => {
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
async function endBatchByOthers(
  tx: Db,
  { ends, clock, retentionMs }: { ends: readonly EndRequestByOther[] } & Pick<EndSessionDeps, 'clock' | 'retentionMs'>,
): Promise<BatchResult[]> {
  await lockFeed(tx, 'append')
  const callers = createCallerReads(tx, clock)
  const refusals = await Promise.all(
    ends.map(({ context }) => context.readActor(callers).then(() => undefined, asRefusal)),
  )
  const permitted = ends.filter((_end, index) => refusals[index] === undefined)
  const positions = permitted.length === 0 ? new Map() : await revokeSessionBatch(tx, permitted.map(rowOf), retentionMs)
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
  const position = await revokeSession(rawSql, ownRowOf(end), retentionMs)
  if (position !== undefined) return { ...result, ...position }
  await end.context.readActor?.(rawSql)
  // Another request has ended the session; the caller waits until that revocation is in force.
  return { ...result, ...(await readHead(rawSql)), sessionsEnded: 0 }
}
