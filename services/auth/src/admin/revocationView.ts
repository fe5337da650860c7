/** The form in which a revocation is listed. */
import type { RevocationView } from '@gatehouse/contract'
import { type RevocationRow, revocationDetail } from '../store/listRevocations.ts'

export function revocationView({
  seq,
  at,
  actor,
  action,
  target,
  reason,
  detail,
  receipt,
}: RevocationRow): RevocationView {
  return {
    ...{ seq, at: at.toISOString(), actor, action, target, reason },
    ...revocationDetail(detail),
    inForce: receipt !== undefined,
    waitedMs: receipt?.waitedMs ?? null,
    guards: receipt?.guards.length ?? null,
    slowest: slowestOf(receipt?.guards ?? [], at),
  }
}

type Guards = NonNullable<RevocationRow['receipt']>['guards']

/** @returns the guard that acknowledged last, or whose lease ended last; null without guards */
function slowestOf(guards: Guards, at: Date): RevocationView['slowest'] {
  const delays = guards.flatMap(({ name, acknowledgedAt, leaseEndedAt }) => {
    const time = acknowledgedAt ?? leaseEndedAt
    return time === null ? [] : [{ name, afterMs: Math.max(0, Date.parse(time) - at.getTime()) }]
  })
  return delays.reduce<RevocationView['slowest']>(
    (slowest, delay) => (slowest === null || delay.afterMs > slowest.afterMs ? delay : slowest),
    null,
  )
}
