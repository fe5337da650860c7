/** Waits for a revocation and answers: to its owner whether it is in force, to an admin how every guard came to know. */
import type { InForce, Receipt } from '@gatehouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { waitPreference } from '../http/preferWait.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import type { Barrier, BarrierResult } from './barrier.ts'

export interface BarrierDeps {
  barrier: Barrier
  /** Lease and margin: no barrier takes longer. */
  maxWaitMs: number
}

/** For people: 200 when in force, 202 when their patience ended first. */
export async function sendRevocation(
  request: FastifyRequest,
  reply: FastifyReply,
  { revoked, barrierDeps }: { revoked: RevocationResult; barrierDeps: BarrierDeps },
): Promise<InForce> {
  const { inForce, waitedMs } = await waitFor(request, reply, { seq: revoked.seq, barrierDeps })
  return { sessionsEnded: revoked.sessionsEnded, inForce, waitedMs }
}

/** For admins: the receipt; with 202 comes the address that tells later. */
export async function sendReceipt(
  request: FastifyRequest,
  reply: FastifyReply,
  { revoked, barrierDeps }: { revoked: RevocationResult; barrierDeps: BarrierDeps },
): Promise<Receipt> {
  const standing = await waitFor(request, reply, { seq: revoked.seq, barrierDeps })
  if (!standing.inForce) reply.header('location', `/admin/revocations/${revoked.seq}`)
  return { ...revoked, ...standing }
}

async function waitFor(
  request: FastifyRequest,
  reply: FastifyReply,
  { seq, barrierDeps }: { seq: number; barrierDeps: BarrierDeps },
): Promise<BarrierResult> {
  const standing = await barrierDeps.barrier.wait(seq, waitPreference(request, barrierDeps.maxWaitMs))
  reply.code(standing.inForce ? 200 : 202).header('cache-control', 'no-store')
  return standing
}
