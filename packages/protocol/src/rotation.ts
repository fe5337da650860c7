/** Why a renewal found no row to rotate: an honest retry, a thief, or the end of the session. */
import type { ProblemCode } from '@gatehouse/contract'

/** What the database said of the session when the rotation statement had matched nothing. */
export interface RotationFacts {
  /** The database's clock, read with the rows it judges. */
  dbNowMs: number
  session: {
    isEnded: boolean
    /** The account is disabled, or "everyone" was revoked since the log-in. */
    isCutOff: boolean
    expiresAtMs: number
  } | null
  /** Null when the session ended: its refresh row goes with it. */
  stored: {
    generation: number
    idleExpiresAtMs: number
    /** The first use of the previous secret. */
    rotatedAtMs: number | null
  } | null
  presented: {
    generation: number
    isCurrentSecret: boolean
    isPreviousSecret: boolean
    /** It carries the Idempotency-Key of the rotation that made the current secret. */
    hasSameIdempotencyKey: boolean
  }
}

export type RotationDecision =
  | { kind: 'retry' }
  | { kind: 'reuse' }
  /** It may rotate: its row was held by somebody else, or came free between the two statements. */
  | { kind: 'locked' }
  | { kind: 'reject'; code: Extract<ProblemCode, 'session-ended' | 'session-expired'> }

/**
 * Explains a genuine refresh token (its tag was checked) that did not rotate.
 * @param facts session, stored and presented token
 * @param retryWindowMs how long after its first use the previous token still gets the same successor; not sliding
 */
export function explainRotation(facts: RotationFacts, retryWindowMs: number): RotationDecision {
  const { session, stored, presented, dbNowMs } = facts
  if (session === null || session.isEnded || session.isCutOff) return { kind: 'reject', code: 'session-ended' }
  if (dbNowMs >= session.expiresAtMs) return { kind: 'reject', code: 'session-expired' }
  if (stored === null) return { kind: 'reject', code: 'session-ended' }
  if (dbNowMs >= stored.idleExpiresAtMs) return { kind: 'reject', code: 'session-expired' }
  // Only a database restored from a backup can be behind its own token: an accident, so nobody is called a thief.
  if (presented.generation > stored.generation) return { kind: 'reject', code: 'session-ended' }
  if (presented.isCurrentSecret) return { kind: 'locked' }
  // Genuine, of this or the last generation, and another secret: made after the backup that the database was restored from.
  const isPrevious = presented.generation === stored.generation - 1
  const isFromLostHistory = presented.generation === stored.generation || (isPrevious && !presented.isPreviousSecret)
  if (isFromLostHistory) return { kind: 'reject', code: 'session-ended' }

  if (isPrevious && presented.hasSameIdempotencyKey) return { kind: 'retry' }
  const isInWindow = stored.rotatedAtMs !== null && dbNowMs < stored.rotatedAtMs + retryWindowMs
  if (isPrevious && isInWindow) return { kind: 'retry' }
  return { kind: 'reuse' }
}
