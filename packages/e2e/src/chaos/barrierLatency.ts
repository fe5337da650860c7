/** Checks that each barrier returned within lease and margin, plus the time of a fault. */
import type { Records, Violation } from './checker.ts'
import type { Bounds, Fault, Revocation, Span } from './history.ts'

/** After a fault a replica reconnects to PostgreSQL and works off its queue. */
export const aftermathMs = 1500

export function checkBarriers(
  { revocations, faults }: Pick<Records, 'revocations' | 'faults'>,
  bounds: Bounds,
): Violation[] {
  return revocations.flatMap(revocation => {
    const affectingFaults = faults.filter(fault => affects(fault, revocation.auth))
    const affectedMs = lengthOf(affectingFaults.map(fault => overlap(fault, revocation)))
    const what = lateness(revocation, { ...bounds, affectedMs })
    return what === null
      ? []
      : [{ promise: 'LIVE', what, evidence: [...affectingFaults.filter(isNear(revocation)), revocation] }]
  })
}

function lateness(
  { barrierResult, result, waitedMs }: Revocation,
  { leaseMs, marginMs, slackMs, affectedMs }: Bounds & { affectedMs: number },
): string | null {
  const allowedMs = leaseMs + marginMs + slackMs + affectedMs
  if (barrierResult === 'unknown') return affectedMs > 0 ? null : `a revocation got no answer: ${result}`
  if (barrierResult === 'not-yet') return affectedMs > 0 ? null : `a revocation was not in force after ${waitedMs} ms`
  return waitedMs <= allowedMs ? null : `a barrier took ${waitedMs} ms, and ${Math.round(allowedMs)} ms are allowed`
}

/**
 * PostgreSQL affects every revocation, a replica its own. The transaction of a frozen replica, or of
 * a silent connection, may hold the lock on the feed's clock row.
 */
function affects({ fault, targets }: Fault, auth: string): boolean {
  return targets.includes('postgres') || targets.includes(auth) || holdsLock.includes(fault)
}

const holdsLock = ['auth-frozen', 'connections-silent']

function overlap(fault: Span, { startMs, endMs }: Span): Span {
  return { startMs: Math.max(fault.startMs, startMs), endMs: Math.min(fault.endMs + aftermathMs, endMs) }
}

function isNear(span: Span): (fault: Fault) => boolean {
  return fault => lengthOf([overlap(fault, span)]) > 0
}

/** Length of the union of the spans; a span that ends before it starts counts as empty. */
function lengthOf(spans: Span[]): number {
  let endMs = Number.NEGATIVE_INFINITY
  let total = 0
  for (const span of spans.toSorted((left, right) => left.startMs - right.startMs)) {
    total += Math.max(0, span.endMs - Math.max(span.startMs, endMs))
    endMs = Math.max(endMs, span.endMs)
  }
  return total
}
