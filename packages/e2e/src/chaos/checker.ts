/** Finds the promises that a history breaks, with the evidence. Pure. */
import { type ProblemCode, problemDefinition, problems } from '@gatehouse/contract'
import { checkAnswers, checkExpectedAnswers } from './answers.ts'
import { checkBarriers } from './barrierLatency.ts'
import { certainlyCovers, possiblyCovers, type Session } from './coverage.ts'
import type { History, HistoryEvent, Login, Renewal, Request, Revocation } from './history.ts'

export type Promised = 'SAFE' | 'LIVE' | 'BOUNDED' | 'JUST' | 'HONEST' | 'EXPECTED' | 'RECOVERS'

export interface Violation {
  promise: Promised
  what: string
  evidence: HistoryEvent[]
}

/** The history, grouped by kind. */
export type Records = ReturnType<typeof recordsOf>

export function check(history: History): Violation[] {
  const records = recordsOf(history.events)
  return [
    ...checkSafety(records),
    ...checkJustice(records),
    ...checkHonesty(records, history.bounds.retryWindowMs),
    ...checkBarriers(records, history.bounds),
    ...checkAnswers(records),
    ...checkExpectedAnswers(history.events),
    ...checkProcesses(history.events),
  ]
}

function recordsOf(events: readonly HistoryEvent[]) {
  const of = <Kind extends HistoryEvent['kind']>(kind: Kind) =>
    events.filter((event): event is Extract<HistoryEvent, { kind: Kind }> => event.kind === kind)
  const logins = of('login')
  const sessions = new Map<string, Session>(
    logins.flatMap(({ sid, user, startMs, endMs }) => (sid === null ? [] : [[sid, { sid, user, startMs, endMs }]])),
  )
  return {
    sessions,
    logins,
    requests: of('request'),
    renewals: of('renewal'),
    revocations: of('revocation'),
    missingSessions: of('missing-session'),
    faults: of('fault'),
    probes: of('probe'),
  }
}

/** SAFE: after `inForce: true` no covered request is admitted; after any answer no renewal. */
function checkSafety({ sessions, requests, renewals, revocations }: Records): Violation[] {
  const inForce = firstBySession(
    sessions,
    revocations.filter(({ barrierResult }) => barrierResult === 'in-force'),
  )
  const committed = firstBySession(
    sessions,
    revocations.filter(({ barrierResult }) => barrierResult !== 'unknown'),
  )
  const violationsOf = (what: string, by: Map<string, Revocation>) => (event: Request | Renewal) => {
    const revocation = by.get(event.sid)
    // A slow body counts from its last byte: a decision at the head would be too old.
    const sentMs = event.sentMs ?? event.startMs
    if (event.result !== 'ok' || revocation === undefined || sentMs <= revocation.endMs) return []
    return [violation('SAFE', what, [revocation, event])]
  }
  return [
    ...requests.flatMap(violationsOf('a request that was sent after inForce was answered was admitted', inForce)),
    ...renewals.flatMap(violationsOf('a renewal that was sent after the revocation was answered succeeded', committed)),
  ]
}

/** For each session, the first-answered of the revocations that certainly cover it. */
function firstBySession(sessions: Map<string, Session>, revocations: Revocation[]): Map<string, Revocation> {
  const byAnswer = revocations.toSorted((event, other) => event.endMs - other.endMs)
  const revocationBySession = [...sessions.values()].flatMap((session): [string, Revocation][] => {
    const revocation = byAnswer.find(event => certainlyCovers(event, session))
    return revocation === undefined ? [] : [[session.sid, revocation]]
  })
  return new Map(revocationBySession)
}

/** JUST: only a revoked session gets `session-ended`, a disabled account `account-disabled`. */
function checkJustice(records: Records): Violation[] {
  const { sessions, requests, renewals, logins, revocations, missingSessions } = records
  const mayHaveEndedAtMs = new Map(
    [...sessions.values()].map(session => {
      const starts = revocations.filter(event => possiblyCovers(event, session)).map(({ startMs }) => startMs)
      return [session.sid, Math.min(...starts)]
    }),
  )
  const ended = [...requests, ...renewals].filter(({ result }) => result === 'session-ended')
  const isUnjust = ({ sid, endMs }: { sid: string; endMs: number }) =>
    endMs < (mayHaveEndedAtMs.get(sid) ?? Number.POSITIVE_INFINITY)
  const unjustEnds = ended.filter(isUnjust)
  const missing = missingSessions.filter(isUnjust)

  const answeredDisabled = [...requests, ...logins].filter(({ result }) => result === 'account-disabled')
  const unjustlyDisabled = answeredDisabled.filter(event => !mayBeDisabled(event, revocations))
  const ofAccount = ({ user, endMs }: Request | Login) =>
    revocations.filter(event => event.user === user && isAboutAccount(event) && event.startMs <= endMs)
  const rejected = logins.filter(({ result }) => result === 'credentials-invalid')
  return [
    ...missing.map(event => violation('JUST', 'a session without a revocation was not found', [event])),
    ...unjustEnds.map(event =>
      violation('JUST', 'a session without a revocation was answered with session-ended', [event]),
    ),
    ...unjustlyDisabled.map(event =>
      violation('JUST', 'an enabled account was answered with account-disabled', [
        ...ofAccount(event).slice(-2),
        event,
      ]),
    ),
    ...rejected.map(event => violation('JUST', 'a correct password was rejected', [event])),
  ]
}

function isAboutAccount({ method }: Revocation): boolean {
  return method === 'disable' || method === 'enable'
}

/** A disable had begun, and no later enable was in force before the request started. */
function mayBeDisabled({ user, startMs, endMs }: Request | Login, revocations: Revocation[]): boolean {
  const ofUser = revocations.filter(event => event.user === user)
  const enabled = ofUser.filter(
    event => event.method === 'enable' && event.barrierResult === 'in-force' && event.endMs <= startMs,
  )
  const isUndone = (disable: Revocation) =>
    disable.barrierResult !== 'unknown' && enabled.some(event => event.startMs >= disable.endMs)
  return ofUser.some(event => event.method === 'disable' && event.startMs <= endMs && !isUndone(event))
}

/** HONEST: a client that only retries never gets `refresh-reused`; a token has one successor. */
function checkHonesty({ renewals }: Records, retryWindowMs: number): Violation[] {
  const successors = new Map<string, Renewal>()
  return renewals.flatMap(event => {
    const isLate = !event.hasKey && event.endMs - event.firstMs >= retryWindowMs
    if (event.result === 'refresh-reused' && !isLate) {
      return [violation('HONEST', 'a retry was answered with refresh-reused', [event])]
    }
    if (event.successor === null) return []
    const earlier = successors.get(event.presented) ?? event
    successors.set(event.presented, earlier)
    if (earlier.successor === event.successor) return []
    return [violation('HONEST', 'two renewals of one token gave two successors', [earlier, event])]
  })
}

function checkProcesses(events: readonly HistoryEvent[]): Violation[] {
  return events.flatMap(event => {
    if (event.kind === 'unexpected-exit') return [violation('RECOVERS', `${event.target} exited unexpectedly`, [event])]
    if (event.kind !== 'recovery' || event.isServing) return []
    return [violation('RECOVERS', `${event.target} did not recover after a fault`, [event])]
  })
}

function violation(promise: Promised, what: string, evidence: HistoryEvent[]): Violation {
  return { promise, what, evidence }
}

/** Whether this is a problem code that signs the user out. */
export function signsOut(result: string): boolean {
  if (!Object.hasOwn(problems, result)) return false
  return problemDefinition(result as ProblemCode).action === 'login' || result === 'account-disabled'
}
