/** Renewal: rotate in one statement; only when nothing matched, find out why. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { explainRotation } from '@gatehouse/protocol'
import type { Db } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { RenewalPriority } from '../passwords/renewalPriority.ts'
import { addressKey } from '../rateLimits/addressKey.ts'
import { type FailureLimits, withFailureLimit } from '../rateLimits/failureLimits.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { type RotationRead, readRotationFacts } from '../store/readRotationFacts.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import type { RotationBatch } from '../store/rotationBatch.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import {
  currentSuccessor,
  decodeRefreshToken,
  encodeRefreshToken,
  type RefreshToken,
  successorSecret,
} from '../tokens/refreshToken.ts'

export interface RotateDeps {
  db: Db
  rotateRow: RotationBatch
  refreshKeys: RefreshKeys
  renewalPriority: Pick<RenewalPriority, 'claim'>
  revocations: Revocations
  retryWindowMs: number
  /**
   * A genuine token counts against its session, an invented one against its address. So an address full of inventions
   * hinders nobody who holds a genuine token, and a client in a loop hinders only itself.
   */
  limits: FailureLimits
}

export interface PresentedToken {
  refreshToken: string
  /** The client's Idempotency-Key, kept by it until it has the answer. */
  idempotencyKey: string | undefined
  /** Whether whoever sent it still waits for the answer. */
  isAwaited: () => boolean
}

export interface RotationResult {
  grant: Grant
  refreshToken: string
}

/**
 * @throws Refusal `refresh-invalid`, `session-expired`, `session-ended`, `refresh-reused` (and the session has ended),
 * `rate-limited`
 */
export async function rotate(
  deps: RotateDeps,
  presented: PresentedToken,
  clientInfo: ClientInfo,
): Promise<RotationResult> {
  const token = decodeRefreshToken(presented.refreshToken, deps.refreshKeys)
  const key = token === undefined ? `address|${addressKey(clientInfo.address)}` : `session|${token.sessionId}`
  const attempt = { action: 'session.renew' as const, target: token?.sessionId ?? null, outcome: 'rate-limited' }
  const onLimitReached = () => writeRefusedAttempt(deps.db, attempt, clientInfo)
  return withFailureLimit({ limits: deps.limits, key, isCounted, onLimitReached }, async () => {
    if (token === undefined) throw new ProblemError('refresh-invalid', 'a refresh token that is not ours')
    return rotateGenuine(deps, { ...presented, token }, clientInfo)
  })
}

/** A service in trouble says nothing against whoever asks. */
function isCounted(outcome: ProblemCode): boolean {
  return !['unavailable', 'overloaded', 'rate-limited', 'internal-error'].includes(outcome)
}

async function rotateGenuine(
  deps: RotateDeps,
  { token, idempotencyKey, isAwaited }: Omit<PresentedToken, 'refreshToken'> & { token: RefreshToken },
  clientInfo: ClientInfo,
): Promise<RotationResult> {
  const { db, rotateRow, refreshKeys } = deps
  deps.renewalPriority.claim()
  const secret = successorSecret(token, refreshKeys)
  const written = (made: Buffer) =>
    encodeRefreshToken({ sessionId: token.sessionId, generation: token.generation + 1, secret: made }, refreshKeys)
  const rotation = {
    sessionId: token.sessionId,
    generation: token.generation,
    presentedHash: sha256(token.secret),
    successorHash: sha256(secret),
    idempotencyKeyHash: idempotencyKey === undefined ? null : sha256(idempotencyKey),
  }
  const explain = async () => {
    const found = await readRotationFacts(db, rotation)
    return { found, explanation: explainRotation(found.facts, deps.retryWindowMs) }
  }

  const grant = await rotateRow.batched(rotation)
  if (grant) return { grant, refreshToken: written(secret) }
  const first = await explain()
  const isHeld = first.explanation.kind === 'locked'
  const late = isHeld ? await rotateRow.single(rotation) : undefined
  if (late) return { grant: late, refreshToken: written(secret) }

  const { found, explanation } = isHeld ? await explain() : first
  // Its rows move faster than we can look: nobody is signed out for that.
  if (explanation.kind === 'locked')
    throw new ProblemError('unavailable', 'a refresh token that stands and does not rotate')
  if (explanation.kind === 'reject') throw new ProblemError(explanation.code, 'a refresh token that does not rotate')
  if (explanation.kind === 'retry') {
    const { grant, currentHash } = found
    // No row of ours is like that; if one were, its owner would be no thief.
    if (!grant || !currentHash) throw new ProblemError('unavailable', 'a retry without what it repeats')
    const successor = currentSuccessor(token, refreshKeys, currentHash)
    if (successor === undefined) throw new ProblemError('session-ended', 'a retry under a key that has left the ring')
    return { grant, refreshToken: written(successor) }
  }
  // A client gives a renewal up, repeats it elsewhere and renews again; the first is carried out when it is long an old one.
  // Whoever left before the verdict cannot be a thief who gains by it. Their leaving is known a turn of the event loop later.
  await nextTurn()
  if (!isAwaited()) throw new ProblemError('unavailable', 'an old refresh token whose sender has left')
  return endAfterReuse(deps, { token, found }, clientInfo)
}

/** Ends that session, and only that one; the evidence goes into the audit log with the revocation. */
async function endAfterReuse(
  { revocations }: RotateDeps,
  { token, found }: { token: RefreshToken; found: RotationRead },
  clientInfo: ClientInfo,
): Promise<never> {
  const { sessionId, generation } = token
  const detail = {
    presentedGeneration: generation,
    currentGeneration: found.facts.stored?.generation,
    sessionAddress: found.address,
    userAgent: clientInfo.userAgent,
  }
  const { address, requestId } = clientInfo
  const context = { actor: null, reason: 'an old refresh token was used again', address, requestId, detail }
  const { sessionsEnded } = await revocations.endSessions({ kind: 'one', sessionId }, 'reuse-detected', context)
  // Somebody else ended it in the meantime, perhaps its owner: then it is over, and nobody is called a thief.
  if (sessionsEnded === 0)
    throw new ProblemError('session-ended', 'an old refresh token of a session that has just ended')
  throw new ProblemError('refresh-reused', `refresh token of generation ${generation} was used again`)
}
