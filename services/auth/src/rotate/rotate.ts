/** Renewal: rotate in one statement; only when nothing matched, find out why. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Outcome, Refusal } from '@gatehouse/contract'
import { explainRotation } from '@gatehouse/protocol'
import type { Db } from '../database/database.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { Visitor } from '../login/login.ts'
import type { RightOfWay } from '../passwords/renewalPriority.ts'
import { networkOf } from '../rateLimits/addressKey.ts'
import { type FailureLimits, limited } from '../rateLimits/failureLimits.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { type Found, readRotationFacts } from '../store/readRotationFacts.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import type { RotateRow } from '../store/rotationBatch.ts'
import { writeTry } from '../store/writeAudit.ts'
import { type RefreshToken, readToken, standingSuccessor, successorSecret, writeToken } from '../tokens/refreshToken.ts'

export interface RotateRooms {
  db: Db
  rotateRow: RotateRow
  refreshKeys: RefreshKeys
  rightOfWay: Pick<RightOfWay, 'claim'>
  revocations: Revocations
  retryWindowMs: number
  /**
   * A genuine token counts against its session, an invented one against its address. So an address full of inventions
   * hinders nobody who holds a genuine token, and a client in a loop hinders only itself.
   */
  limits: FailureLimits
}

export interface Presented {
  refreshToken: string
  /** The client's Idempotency-Key, kept by it until it has the answer. */
  attempt: string | undefined
  /** Whether whoever sent it still waits for the answer. */
  isAwaited: () => boolean
}

export interface Rotated {
  grant: Grant
  refreshToken: string
}

/**
 * @throws Refusal `refresh-invalid`, `session-expired`, `session-ended`, `refresh-reused` (and the session has ended),
 * `rate-limited`
 */
export async function rotate(rooms: RotateRooms, presented: Presented, visitor: Visitor): Promise<Rotated> {
  const token = readToken(presented.refreshToken, rooms.refreshKeys)
  const key = token === undefined ? `address|${networkOf(visitor.address)}` : `session|${token.sessionId}`
  const tried = { action: 'session.renew', target: token?.sessionId ?? null, outcome: 'rate-limited' }
  const onSpent = () => writeTry(rooms.db, tried, visitor)
  return limited({ limits: rooms.limits, key, counts, onSpent }, async () => {
    if (token === undefined) throw new Refusal('refresh-invalid', 'a refresh token that is not ours')
    return rotateGenuine(rooms, { ...presented, token }, visitor)
  })
}

/** A service in trouble says nothing against whoever asks. */
function counts(outcome: Outcome): boolean {
  return !['unavailable', 'overloaded', 'rate-limited', 'internal-error'].includes(outcome)
}

async function rotateGenuine(
  rooms: RotateRooms,
  { token, attempt, isAwaited }: Omit<Presented, 'refreshToken'> & { token: RefreshToken },
  visitor: Visitor,
): Promise<Rotated> {
  const { db, rotateRow, refreshKeys } = rooms
  rooms.rightOfWay.claim()
  const secret = successorSecret(token, refreshKeys)
  const written = (made: Buffer) =>
    writeToken({ sessionId: token.sessionId, generation: token.generation + 1, secret: made }, refreshKeys)
  const rotation = {
    sessionId: token.sessionId,
    generation: token.generation,
    presentedHash: sha256(token.secret),
    successorHash: sha256(secret),
    attemptHash: attempt === undefined ? null : sha256(attempt),
  }
  const explain = async () => {
    const found = await readRotationFacts(db, rotation)
    return { found, explanation: explainRotation(found.facts, rooms.retryWindowMs) }
  }

  const grant = await rotateRow.together(rotation)
  if (grant) return { grant, refreshToken: written(secret) }
  const first = await explain()
  const isHeld = first.explanation.kind === 'held'
  const late = isHeld ? await rotateRow.alone(rotation) : undefined
  if (late) return { grant: late, refreshToken: written(secret) }

  const { found, explanation } = isHeld ? await explain() : first
  // Its rows move faster than we can look: nobody is signed out for that.
  if (explanation.kind === 'held') throw new Refusal('unavailable', 'a refresh token that stands and does not rotate')
  if (explanation.kind === 'refuse') throw new Refusal(explanation.outcome, 'a refresh token that does not rotate')
  if (explanation.kind === 'repeat') {
    const { grant, currentHash } = found
    // No row of ours is like that; if one were, its owner would be no thief.
    if (!grant || !currentHash) throw new Refusal('unavailable', 'a retry without what it repeats')
    const standing = standingSuccessor(token, refreshKeys, currentHash)
    if (standing === undefined) throw new Refusal('session-ended', 'a retry under a key that has left the ring')
    return { grant, refreshToken: written(standing) }
  }
  // A client gives a renewal up, repeats it elsewhere and renews again; the first is carried out when it is long an old one.
  // Whoever left before the verdict cannot be a thief who gains by it. Their leaving is known a turn of the event loop later.
  await nextTurn()
  if (!isAwaited()) throw new Refusal('unavailable', 'an old refresh token whose sender has left')
  return endAsStolen(rooms, { token, found }, visitor)
}

/** Ends that session, and only that one; the evidence goes into the audit log with the revocation. */
async function endAsStolen(
  { revocations }: RotateRooms,
  { token, found }: { token: RefreshToken; found: Found },
  visitor: Visitor,
): Promise<never> {
  const { sessionId, generation } = token
  const detail = {
    presentedGeneration: generation,
    currentGeneration: found.facts.stored?.generation,
    sessionAddress: found.address,
    userAgent: visitor.userAgent,
  }
  const { address, requestId } = visitor
  const act = { actor: null, reason: 'an old refresh token was used again', address, requestId, detail }
  const { ended } = await revocations.endSessions({ kind: 'one', sessionId }, 'reused', act)
  // Somebody else ended it in the meantime, perhaps its owner: then it is over, and nobody is called a thief.
  if (ended === 0) throw new Refusal('session-ended', 'an old refresh token of a session that has just ended')
  throw new Refusal('refresh-reused', `refresh token of generation ${generation} was used again`)
}
