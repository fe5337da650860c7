/**
 * Waits until a revocation is in force and answers: the owner gets the result, an admin the receipt
 * of every guard.
 */
import type { InForce, Receipt } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { waitPreference } from '../http/preferWait.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import type { FeedPosition } from '../store/readClock.ts'
import type { Barrier, BarrierResult } from './barrier.ts'

export interface BarrierDeps {
  barrier: Barrier
  /** Lease, margin and database time-out: no barrier takes longer. */
  maxWaitMs: number
}

/**
 * Answers a user: 200 when the revocation is in force, 202 when the wait that the client preferred
 * ended first.
 */
export async function sendRevocation(
  request: FastifyRequest,
  reply: FastifyReply,
  { revoked, barrierDeps }: { revoked: RevocationResult; barrierDeps: BarrierDeps },
): Promise<InForce> {
  const { inForce, waitedMs } = await waitForBarrier(request, reply, { entry: revoked, barrierDeps })
  return { sessionsEnded: revoked.sessionsEnded, inForce, waitedMs }
}

/**
 * Answers an admin with the receipt; a 202 carries the `Location` where the receipt can be read
 * later.
 */
export async function sendReceipt(
  request: FastifyRequest,
  reply: FastifyReply,
  { revoked, barrierDeps }: { revoked: RevocationResult; barrierDeps: BarrierDeps },
): Promise<Receipt> {
  const result = await waitForBarrier(request, reply, { entry: revoked, barrierDeps })
  if (!result.inForce) reply.header('location', `/admin/revocations/${revoked.seq}`)
  const { feedId: _feedId, ...shown } = revoked
  return { ...shown, ...result }
}

async function waitForBarrier(
  request: FastifyRequest,
  reply: FastifyReply,
  { entry, barrierDeps }: { entry: FeedPosition; barrierDeps: BarrierDeps },
): Promise<BarrierResult> {
  const result = await barrierDeps.barrier.wait(entry, waitPreference(request, reply, barrierDeps.maxWaitMs))
  reply.code(result.inForce ? 200 : 202).header('cache-control', 'no-store')
  return result
}
