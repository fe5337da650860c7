/** Checks that every request is answered while PostgreSQL or its connections fail, and by what. */
import type { ProblemCode } from '@gatehouse/contract'
import { aftermathMs } from './barrierLatency.ts'
import type { Records, Violation } from './checker.ts'
import type { Fault, HistoryEvent, Span } from './history.ts'

/** During these, a replica cannot answer. */
const processFaults = ['auth-killed', 'auth-frozen']

/** BOUNDED: a running replica answers within its limits. */
export function checkAnswers({ probes, revocations, faults }: Pick<Records, 'probes' | 'revocations' | 'faults'>) {
  const away = faults
    .filter(({ fault }) => processFaults.includes(fault))
    .map(fault => ({ ...fault, endMs: fault.endMs + aftermathMs }))
  const isAway = (auth: string, span: Span) => away.some(fault => fault.targets.includes(auth) && overlap(fault, span))
  return [...probes, ...revocations].flatMap((event): Violation[] => {
    const auth = event.kind === 'probe' ? event.target : event.auth
    if (event.result !== 'no-answer' || isAway(auth, event)) return []
    const evidence = [...faults.filter(fault => overlap(fault, event)), event]
    return [{ promise: 'BOUNDED', what: `${auth} did not answer within its limits`, evidence }]
  })
}

/** Problem codes that a client may receive during a run; any other is a fault of the services. */
const expectedCodes: readonly ProblemCode[] = [
  'token-expired',
  'session-ended',
  'account-disabled',
  'revocation-unknown',
  'refresh-reused',
  'credentials-invalid',
  'overloaded',
  'unavailable',
]

/** EXPECTED: no other problem, and no error without a code. */
export function checkExpectedAnswers(events: readonly HistoryEvent[]): Violation[] {
  const known = new Set<string>(['ok', 'no-answer', ...expectedCodes])
  return events
    .filter(event => 'result' in event && !known.has(event.result))
    .map(event => ({
      promise: 'EXPECTED',
      what: `an unexpected answer: ${'result' in event ? event.result : ''}`,
      evidence: [event],
    }))
}

function overlap(fault: Fault, { startMs, endMs }: Span): boolean {
  return fault.startMs <= endMs && startMs <= fault.endMs
}
