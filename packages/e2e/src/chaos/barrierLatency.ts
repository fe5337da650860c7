/** Whether every revocation was answered in time: within lease and margin, except for what was broken meanwhile. */
import type { Records, Violation } from './checker.ts'
import type { Bounds, Fault, Revocation, Span } from './history.ts'

/** After a fault a replica needs connections again, and whatever was queued is worked off. */
const aftermathMs = 1500

export function checkBarriers(
  { revocations, faults }: Pick<Records, 'revocations' | 'faults'>,
  bounds: Bounds,
): Violation[] {
  return revocations.flatMap(revocation => {
    const disturbances = faults.filter(fault => disturbs(fault, revocation.auth))
    const disturbedMs = lengthOf(disturbances.map(fault => overlap(fault, revocation)))
    const what = complaint(revocation, { ...bounds, disturbedMs })
    return what === null
      ? []
      : [{ promise: 'LIVE', what, evidence: [...disturbances.filter(isNear(revocation)), revocation] }]
  })
}

function complaint(
  { standing, told, waitedMs }: Revocation,
  { leaseMs, marginMs, slackMs, disturbedMs }: Bounds & { disturbedMs: number },
): string | null {
  const allowedMs = leaseMs + marginMs + slackMs + disturbedMs
  if (standing === 'unknown') return disturbedMs > 0 ? null : `a revocation was not answered: ${told}`
  if (standing === 'not-yet') return disturbedMs > 0 ? null : `a revocation was not in force after ${waitedMs} ms`
  return waitedMs <= allowedMs ? null : `a barrier took ${waitedMs} ms, and ${Math.round(allowedMs)} ms are allowed`
}

/** The database serves all; of the replicas, the one that was asked. A frozen replica may hold the lock of the feed's clock. */
function disturbs({ fault, targets }: Fault, auth: string): boolean {
  return targets.includes('postgres') || targets.includes(auth) || fault === 'auth-frozen'
}

function overlap(fault: Span, { startMs, endMs }: Span): Span {
  return { startMs: Math.max(fault.startMs, startMs), endMs: Math.min(fault.endMs + aftermathMs, endMs) }
}

function isNear(span: Span): (fault: Fault) => boolean {
  return fault => lengthOf([overlap(fault, span)]) > 0
}

/** How much time they take together; empty and turned ones take none. */
function lengthOf(spans: Span[]): number {
  let endMs = Number.NEGATIVE_INFINITY
  let total = 0
  for (const span of spans.toSorted((one, other) => one.startMs - other.startMs)) {
    total += Math.max(0, span.endMs - Math.max(span.startMs, endMs))
    endMs = Math.max(endMs, span.endMs)
  }
  return total
}
