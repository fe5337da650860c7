/** Answers a retry with the current successor, and records it as evidence. */
import { ProblemError } from '@gatehouse/contract'
import type { RawSql } from '../database/rawSql.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import type { RotationRead } from '../store/readRotationFacts.ts'
import { markShared, recordRetry } from '../store/recordRetry.ts'
import { currentSuccessor, type RefreshToken } from '../tokens/refreshToken.ts'
import { sharedAfterGenerations, sharingEvidence } from './sharing.ts'

export interface RetryDeps {
  rawSql: RawSql
  refreshKeys: RefreshKeys
  revocations: Revocations
  /** What happens to a session whose refresh token two clients hold. */
  onSharedSession: 'report' | 'end'
}

/**
 * @returns the contents and the secret of the current successor
 * @throws ProblemError `session-ended`, `unavailable`
 */
export async function answerRetry(
  deps: RetryDeps,
  { token, found }: { token: RefreshToken; found: RotationRead },
  clientInfo: ClientInfo,
): Promise<{ contents: AccessTokenContents; secret: Buffer }> {
  const { contents, currentHash } = found
  // Defence in depth: such a row is never written, and it would not prove reuse.
  if (!contents || !currentHash) throw new ProblemError('unavailable', 'a retry without a stored successor')
  const secret = currentSuccessor(token, deps.refreshKeys, currentHash)
  if (secret === undefined) throw new ProblemError('session-ended', 'a retry under a key that is no longer in the ring')
  await record(deps, { contents, found, generation: token.generation + 1 }, clientInfo)
  return { contents, secret }
}

async function record(
  deps: RetryDeps,
  { contents, found, generation }: { contents: AccessTokenContents; found: RotationRead; generation: number },
  clientInfo: ClientInfo,
): Promise<void> {
  const { rawSql, revocations, onSharedSession } = deps
  const { sessionId, accountId } = contents
  const { address, userAgent, requestId } = clientInfo
  const { hasSameIdempotencyKey } = found.facts.presented
  const sharing = sharingEvidence(found.firstUse, { address, userAgent, hasSameIdempotencyKey })
  const firstUse = { address: found.firstUse.address, userAgent: found.firstUse.userAgent }
  const detail = { generation, firstUse, retry: { address, userAgent, hasSameIdempotencyKey } }
  const entry = { sessionId, accountId, address, requestId, detail }
  const streak = await recordRetry(rawSql, { ...entry, ...sharing, generation })
  if (streak < sharedAfterGenerations) return
  await markShared(rawSql, { ...entry, detail: { ...detail, generations: streak } })
  if (onSharedSession === 'report') return
  const context = { actor: null, reason: 'two clients hold the refresh token', address, requestId, detail }
  await revocations.endSessions({ kind: 'one', sessionId }, 'sharing-detected', context)
  throw new ProblemError('session-ended', 'the session was ended because two clients hold its refresh token')
}
