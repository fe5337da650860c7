/** The receipt of a revocation as server-sent events: one whenever a guard changes, and the last when it is in force. */
import type { ReceiptEvent } from '@gatehouse/contract'
import type { BarrierProgress } from '../revoke/barrier.ts'
import type { BarrierDeps } from '../revoke/sendWhenInForce.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'

export interface ReceiptEventsOptions {
  barrierDeps: BarrierDeps
  /** How old the revocation is. */
  elapsedMs: number
  /** Is called before each event: the stream ends when its reader is revoked. */
  assertActive: () => Promise<unknown>
  /** Aborted when the client has left. */
  signal: AbortSignal
}

/** @throws ProblemError the codes of `ReadActor` */
export async function* receiptEvents(
  revoked: RevocationResult,
  { barrierDeps, elapsedMs, assertActive, signal }: ReceiptEventsOptions,
): AsyncGenerator<string> {
  let latest: BarrierProgress | undefined
  let wake = () => {}
  let sent = ''
  const onProgress = (progress: BarrierProgress) => {
    latest = progress
    wake()
  }
  const { barrier, maxWaitMs } = barrierDeps
  const ended = barrier.wait(revoked, maxWaitMs, { elapsedMs, onProgress, signal })
  for (;;) {
    const changed = new Promise<undefined>(resolve => {
      wake = () => resolve(undefined)
    })
    const progress = latest
    const state = JSON.stringify(progress?.guards.map(({ leaseLeftMs: _, ...guard }) => guard))
    if (progress !== undefined && state !== sent) {
      sent = state
      await assertActive()
      yield receiptText(revoked, { inForce: false, ...progress })
    }
    if (latest !== progress) continue
    const result = await Promise.race([changed, ended])
    if (result === undefined) continue
    if (!result.inForce) return
    await assertActive()
    const guards = result.guards.map(guard => ({ ...guard, leaseLeftMs: null }))
    yield receiptText(revoked, { ...result, guards })
    return
  }
}

/** @returns the text of one event */
export function receiptText(
  { feedId: _feedId, ...revoked }: RevocationResult,
  state: Pick<ReceiptEvent, 'inForce' | 'waitedMs' | 'guards'>,
): string {
  const event: ReceiptEvent = { ...revoked, ...state }
  return `event: receipt\ndata: ${JSON.stringify(event)}\n\n`
}
