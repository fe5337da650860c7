/** What a barrier knows of each guard: when it acknowledged the entry, or when its lease ended. */
import type { GuardReceipt } from '@gatehouse/contract'
import { blocksRevocation } from '@gatehouse/protocol'
import type { LiveGuards } from '../store/guards.ts'

/** A guard of a receipt, while the barrier waits. */
export interface GuardProgress extends GuardReceipt {
  /** How long its lease still runs; null once the barrier does not wait for it. */
  leaseLeftMs: number | null
}

/** By the guard's id: its receipt, and the end of its lease at the last read (database time). */
export type ReceiptsById = Map<string, { receipt: GuardReceipt; leaseUntilMs: number }>

/** Bounds the delay after a lost notification, and after a lease that ends, which sends none. */
export const maxRereadMs = 250

/**
 * Records for each guard when it acknowledged the entry, or when its lease ended without that.
 * @returns undefined when no guard blocks the revocation, else the milliseconds until the next
 *   lease ends
 */
export function updateReceipts(
  receiptsById: ReceiptsById,
  { guards, feedId, head, dbNowMs, isHistoryKnown, holdUntilMs }: LiveGuards,
  seq: number,
): number | undefined {
  // A database whose head is below the entry has lost it, so the entry cannot be in force.
  let nextMs: number | undefined = head < seq || !isHistoryKnown ? maxRereadMs : undefined
  if (holdUntilMs !== null && holdUntilMs > dbNowMs)
    nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, holdUntilMs - dbNowMs)
  const entry = { feedId, seq, dbNowMs }
  for (const guard of guards) {
    let known = receiptsById.get(guard.id)
    if (known === undefined) {
      const receipt = { guard: guard.id, name: guard.name, acknowledgedAt: null, leaseEndedAt: null }
      known = { receipt, leaseUntilMs: guard.leaseUntilMs }
      receiptsById.set(guard.id, known)
    }
    known.leaseUntilMs = guard.leaseUntilMs
    if (blocksRevocation(guard, entry))
      nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, guard.leaseUntilMs - dbNowMs)
    else known.receipt.acknowledgedAt ??= guard.acknowledgedAt
  }
  // Every live guard has a receipt now, so a difference means that a guard has gone.
  if (receiptsById.size === guards.length) return nextMs
  const now = new Date(dbNowMs).toISOString()
  const liveIds = new Set(guards.map(({ id }) => id))
  for (const [id, { receipt, leaseUntilMs }] of receiptsById) {
    // A guard whose row is gone before its lease has ended has left; it serves no requests.
    const hasLapsed = !liveIds.has(id) && leaseUntilMs <= dbNowMs
    if (hasLapsed && receipt.acknowledgedAt === null) receipt.leaseEndedAt ??= now
  }
  return nextMs
}

export function progressOf(receiptsById: ReceiptsById, dbNowMs: number): GuardProgress[] {
  return [...receiptsById.values()].map(({ receipt, leaseUntilMs }) => {
    const isDone = receipt.acknowledgedAt !== null || receipt.leaseEndedAt !== null
    return { ...receipt, leaseLeftMs: isDone ? null : Math.max(0, Math.round(leaseUntilMs - dbNowMs)) }
  })
}
