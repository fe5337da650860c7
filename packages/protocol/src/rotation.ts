/** Explains why a renewal did not rotate: a retry, reuse of an older token, or the end of the session. */
import type { ProblemCode } from '@gatehouse/contract'

/** The session and the refresh token, read after the rotation statement matched no row. */
export interface RotationFacts {
  /** The database's time, read in the same statement. */
  dbNowMs: number
  session: {
    isEnded: boolean
    /** The account is disabled, or all sessions were revoked after the log-in. */
    isCutOff: boolean
    expiresAtMs: number
  } | null
  /** The refresh row; null when the session has ended, which deletes the row. */
  stored: {
    generation: number
    idleExpiresAtMs: number
    /** The time at which the previous secret was first used. */
    rotatedAtMs: number | null
  } | null
  presented: {
    generation: number
    isCurrentSecret: boolean
    isPreviousSecret: boolean
    /** The request has the `Idempotency-Key` of the rotation that created the current secret. */
    hasSameIdempotencyKey: boolean
  }
}

/**
 * `retry`: answer with the same successor. `reuse`: end the session (RFC 9700 section 4.14.2).
 * `ahead`: move the row forward to the presented generation, since the database has lost the commits between.
 * `locked`: rotate again, since another transaction held the row, or the row changed between the
 * two statements. `reject`: refuse with this code.
 */
export type RotationDecision =
  | { kind: 'retry' }
  | { kind: 'reuse' }
  | { kind: 'ahead' }
  | { kind: 'locked' }
  | { kind: 'reject'; code: Extract<ProblemCode, 'session-ended' | 'session-expired'> }

/**
 * Explains an authentic refresh token (its tag was verified) that did not rotate.
 * @param facts the session, the stored and the presented token
 * @param retryWindowMs how long after its first use the previous token gets the same successor, in
 *   milliseconds; the window does not slide
 * @returns the decision
 * @see RFC 9700 section 4.14.2
 */
export function explainRotation(facts: RotationFacts, retryWindowMs: number): RotationDecision {
  const { session, stored, presented, dbNowMs } = facts
  if (session === null || session.isEnded || session.isCutOff) return { kind: 'reject', code: 'session-ended' }
  if (dbNowMs >= session.expiresAtMs) return { kind: 'reject', code: 'session-expired' }
  if (stored === null) return { kind: 'reject', code: 'session-ended' }
  if (dbNowMs >= stored.idleExpiresAtMs) return { kind: 'reject', code: 'session-expired' }
  // Only the service makes the tag, and only after the commit. So the database has lost commits: at a
  // fail-over or by a restore. The client that holds the newest token goes on.
  if (presented.generation > stored.generation) return { kind: 'ahead' }
  if (presented.isCurrentSecret) return { kind: 'locked' }
  // An authentic token of this or the previous generation with another secret was created in a
  // history that the database has lost.
  const isPrevious = presented.generation === stored.generation - 1
  const isFromLostHistory = presented.generation === stored.generation || (isPrevious && !presented.isPreviousSecret)
  if (isFromLostHistory) return { kind: 'reject', code: 'session-ended' }

  if (isPrevious && presented.hasSameIdempotencyKey) return { kind: 'retry' }
  const isInWindow = stored.rotatedAtMs !== null && dbNowMs < stored.rotatedAtMs + retryWindowMs
  if (isPrevious && isInWindow) return { kind: 'retry' }
  return { kind: 'reuse' }
}
