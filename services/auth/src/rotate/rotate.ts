/** Renewal: rotates in one statement, and reads why only when no row matched. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { explainRotation } from '@gatehouse/protocol'
import type { Db } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RenewalPriority } from '../passwords/renewalPriority.ts'
import { addressKey } from '../rateLimits/addressKey.ts'
import { type FailureLimits, withFailureLimit } from '../rateLimits/failureLimits.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import { type RotationRead, readRotationFacts } from '../store/readRotationFacts.ts'
import type { RotationBatch } from '../store/rotationBatch.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import { decodeRefreshToken, encodeRefreshToken, type RefreshToken, successorSecret } from '../tokens/refreshToken.ts'
import { answerRetry, type RetryDeps } from './retry.ts'
import { shortAgent } from './sharing.ts'

export interface RotateDeps extends RetryDeps {
  db: Db
  rotateRow: RotationBatch
  renewalPriority: Pick<RenewalPriority, 'claim'>
  retryWindowMs: number
  /**
   * Failures with a genuine token count against its session, failures with an invented token against the address. So
   * invented tokens from an address do not block genuine tokens there, and a client in a loop blocks only itself.
   */
  limits: FailureLimits
}

export interface PresentedToken {
  refreshToken: string
  /** The client that presents it: `first-party`, or an authenticated OAuth client. */
  clientId: string
  /** The request's Idempotency-Key; the client keeps it until it has received the response. */
  idempotencyKey: string | undefined
  /** Whether the client is still connected. */
  isAwaited: () => boolean
}

export interface RotationResult {
  contents: AccessTokenContents
  refreshToken: string
}

/**
 * Renews a session (RFC 6749 section 6; RFC 9700 section 4.14.2 for reuse).
 * @returns the tokens' contents; a retry within the window returns the same successor
 * @throws ProblemError `refresh-invalid`, `session-expired`, `session-ended`, `refresh-reused` (the session has ended),
 * `rate-limited`, `unavailable`
 */
export async function rotate(
  deps: RotateDeps,
  presented: PresentedToken,
  clientInfo: ClientInfo,
): Promise<RotationResult> {
  const token = decodeRefreshToken(presented.refreshToken, deps.refreshKeys)
  const key = token === undefined ? `address|${addressKey(clientInfo.address)}` : `session|${token.sessionId}`
  // An invented token costs no other statement, so its failures are summed in memory before they are counted.
  const counting = token === undefined ? 'summed' : 'each'
  const attempt = { action: 'session.renew' as const, target: token?.sessionId ?? null, outcome: 'rate-limited' }
  const onLimitReached = () => writeRefusedAttempt(deps.db, clientInfo, attempt)
  return withFailureLimit({ limits: deps.limits, key, counting, isCounted, onLimitReached }, async () => {
    if (token === undefined) throw new ProblemError('refresh-invalid', 'the refresh token has no valid tag')
    return rotateGenuine(deps, { ...presented, token }, clientInfo)
  })
}

/** Failures of the service itself do not count against the client. */
function isCounted(outcome: ProblemCode): boolean {
  return !['unavailable', 'overloaded', 'rate-limited', 'internal-error'].includes(outcome)
}

async function rotateGenuine(
  deps: RotateDeps,
  { token, clientId, idempotencyKey, isAwaited }: Omit<PresentedToken, 'refreshToken'> & { token: RefreshToken },
  clientInfo: ClientInfo,
): Promise<RotationResult> {
  const { db, rotateRow, refreshKeys } = deps
  deps.renewalPriority.claim()
  const secret = successorSecret(token, refreshKeys)
  const encode = (successor: Buffer) =>
    encodeRefreshToken({ sessionId: token.sessionId, generation: token.generation + 1, secret: successor }, refreshKeys)
  const rotation = {
    sessionId: token.sessionId,
    generation: token.generation,
    presentedHash: sha256(token.secret),
    successorHash: sha256(secret),
    idempotencyKeyHash: idempotencyKey === undefined ? null : sha256(idempotencyKey),
    clientId,
    address: clientInfo.address,
    userAgent: shortAgent(clientInfo.userAgent),
  }
  const explain = async () => {
    const found = await readRotationFacts(db, rotation)
    // Another client cannot use the token, so this is neither a retry nor a reason to end the session.
    if (found.contents !== null && found.contents.clientId !== clientId)
      throw new ProblemError('refresh-invalid', 'the refresh token belongs to another client')
    return { found, explanation: explainRotation(found.facts, deps.retryWindowMs) }
  }

  const contents = await rotateRow.batched(rotation)
  if (contents) return { contents, refreshToken: encode(secret) }
  const firstRead = await explain()
  const isLocked = firstRead.explanation.kind === 'locked'
  const afterLock = isLocked ? await rotateRow.single(rotation) : undefined
  if (afterLock) return { contents: afterLock, refreshToken: encode(secret) }

  const secondRead = isLocked ? await explain() : firstRead
  const isAhead = secondRead.explanation.kind === 'ahead'
  const advanced = isAhead ? await rotateRow.advance({ ...rotation, requestId: clientInfo.requestId }) : undefined
  if (advanced) return { contents: advanced, refreshToken: encode(secret) }

  // A concurrent request of the same client has moved the row forward: this one is then a retry.
  const { found, explanation } = isAhead ? await explain() : secondRead
  // The row was locked or changing during every read. That is no reason to end a session.
  if (explanation.kind === 'locked' || explanation.kind === 'ahead')
    throw new ProblemError('unavailable', 'the row of the refresh token stayed locked')
  if (explanation.kind === 'reject') throw new ProblemError(explanation.code, 'a refresh token that does not rotate')
  if (explanation.kind === 'retry') {
    const retried = await answerRetry(deps, { token, found }, clientInfo)
    return { contents: retried.contents, refreshToken: encode(retried.secret) }
  }
  // A renewal that timed out on the client may still execute late, after the client has retried on another replica and
  // renewed again. Its token is then two generations old. A client that has disconnected cannot receive the new token, so
  // this is not treated as reuse. Node reports the disconnect one turn of the event loop later.
  await nextTurn()
  if (!isAwaited()) throw new ProblemError('unavailable', 'an old refresh token whose client has disconnected')
  return endAfterReuse(deps, { token, found }, clientInfo)
}

/** Ends this session only; the evidence is written to the audit log with the revocation. */
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
  const context = { actor: null, reason: 'an old refresh token was used again', ...clientInfo, detail }
  const { sessionsEnded } = await revocations.endSessions({ kind: 'one', sessionId }, 'reuse-detected', context)
  // Another call, possibly its owner's, has ended the session meanwhile: it is not reported as reuse.
  if (sessionsEnded === 0)
    throw new ProblemError('session-ended', 'an old refresh token of a session that has just ended')
  throw new ProblemError('refresh-reused', `refresh token of generation ${generation} was used again`)
}
