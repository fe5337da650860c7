/** Judges a whole history: which promises it breaks, with the evidence. It asks nobody and changes nothing. */
import { type ProblemCode, problemDefinition, problems } from '@gatehouse/contract'
import { checkBarriers } from './barrierLatency.ts'
import { certainlyCovers, possiblyCovers, type Session } from './coverage.ts'
import type { Fault, Happening, History, Login, Request, Revocation, Rotation } from './history.ts'

export type Promised = 'SAFE' | 'LIVE' | 'JUST' | 'HONEST' | 'FORESEEN' | 'RECOVERS'

export interface Violation {
  promise: Promised
  what: string
  evidence: Happening[]
}

/** The history, sorted for looking things up. */
export interface Records {
  sessions: Map<string, Session>
  logins: Login[]
  requests: Request[]
  rotations: Rotation[]
  revocations: Revocation[]
  faults: Fault[]
}

/** What a client can be told while all is right; the rest would be a mistake of ours. */
const foreseen: readonly ProblemCode[] = [
  'token-expired',
  'session-ended',
  'account-disabled',
  'revocation-unknown',
  'refresh-reused',
  'credentials-invalid',
  'overloaded',
  'unavailable',
]

export function check(history: History): Violation[] {
  const records = sorted(history.happenings)
  return [
    ...checkSafety(records),
    ...checkJustice(records),
    ...checkHonesty(records, history.bounds.retryWindowMs),
    ...checkBarriers(records, history.bounds),
    ...checkForeseen(history.happenings),
    ...checkProcesses(history.happenings),
  ]
}

function sorted(happenings: readonly Happening[]): Records {
  const of = <Kind extends Happening['kind']>(kind: Kind) =>
    happenings.filter((one): one is Extract<Happening, { kind: Kind }> => one.kind === kind)
  const logins = of('login')
  const sessions = new Map(
    logins.flatMap(({ sid, user, startMs, endMs }) => (sid === null ? [] : [[sid, { sid, user, startMs, endMs }]])),
  )
  return {
    sessions,
    logins,
    requests: of('request'),
    rotations: of('rotation'),
    revocations: of('revocation'),
    faults: of('fault'),
  }
}

/** No request that started after `inForce: true` was admitted with a covered token, and no renewal after any answer succeeded. */
function checkSafety({ sessions, requests, rotations, revocations }: Records): Violation[] {
  const inForce = firstBySession(
    sessions,
    revocations.filter(({ standing }) => standing === 'in-force'),
  )
  const committed = firstBySession(
    sessions,
    revocations.filter(({ standing }) => standing !== 'unknown'),
  )
  const breaks = (what: string, by: Map<string, Revocation>) => (one: Request | Rotation) => {
    const revocation = by.get(one.sid)
    if (one.told !== 'ok' || revocation === undefined || one.startMs <= revocation.endMs) return []
    return [violation('SAFE', what, [revocation, one])]
  }
  return [
    ...requests.flatMap(breaks('a request that started after inForce was answered was admitted', inForce)),
    ...rotations.flatMap(breaks('a renewal that started after the revocation was answered succeeded', committed)),
  ]
}

/** Of the revocations that surely cover a session, the one that was answered first. */
function firstBySession(sessions: Map<string, Session>, revocations: Revocation[]): Map<string, Revocation> {
  const inOrder = revocations.toSorted((one, other) => one.endMs - other.endMs)
  const found = [...sessions.values()].flatMap((session): [string, Revocation][] => {
    const revocation = inOrder.find(one => certainlyCovers(one, session))
    return revocation === undefined ? [] : [[session.sid, revocation]]
  })
  return new Map(found)
}

/** Whoever was signed out had been revoked, and 403 is said of accounts that may be disabled now. */
function checkJustice({ sessions, requests, rotations, logins, revocations }: Records): Violation[] {
  const mayHaveEndedAtMs = new Map(
    [...sessions.values()].map(session => {
      const starts = revocations.filter(one => possiblyCovers(one, session)).map(({ startMs }) => startMs)
      return [session.sid, Math.min(...starts)]
    }),
  )
  const ended = [...requests, ...rotations].filter(({ told }) => told === 'session-ended')
  const unjust = ended.filter(({ sid, endMs }) => endMs < (mayHaveEndedAtMs.get(sid) ?? Number.POSITIVE_INFINITY))

  const forbidden = [...requests, ...logins].filter(({ told }) => told === 'account-disabled')
  const lingering = forbidden.filter(one => !mayBeDisabled(one, revocations))
  const ofAccount = ({ user, endMs }: Request | Login) =>
    revocations.filter(one => one.user === user && isAboutAccount(one) && one.startMs <= endMs)
  const mistaken = logins.filter(({ told }) => told === 'credentials-invalid')
  return [
    ...unjust.map(one => violation('JUST', 'a session that nobody had revoked was called ended', [one])),
    ...lingering.map(one =>
      violation('JUST', 'an account that nobody had disabled was called disabled', [...ofAccount(one).slice(-2), one]),
    ),
    ...mistaken.map(one => violation('JUST', 'a right password was called wrong', [one])),
  ]
}

function isAboutAccount({ act }: Revocation): boolean {
  return act === 'disable' || act === 'enable'
}

/** Some disabling had begun, and no enabling that came after it was in force before the question. */
function mayBeDisabled({ user, startMs, endMs }: Request | Login, revocations: Revocation[]): boolean {
  const ofUser = revocations.filter(one => one.user === user)
  const enabled = ofUser.filter(one => one.act === 'enable' && one.standing === 'in-force' && one.endMs <= startMs)
  const isUndone = (disable: Revocation) =>
    disable.standing !== 'unknown' && enabled.some(one => one.startMs >= disable.endMs)
  return ofUser.some(one => one.act === 'disable' && one.startMs <= endMs && !isUndone(one))
}

/** No honest client is called a thief, and each refresh token has one successor. */
function checkHonesty({ rotations }: Records, retryWindowMs: number): Violation[] {
  const successors = new Map<string, Rotation>()
  return rotations.flatMap(one => {
    const isLate = !one.hasKey && one.endMs - one.firstMs >= retryWindowMs
    if (one.told === 'refresh-reused' && !isLate) {
      return [violation('HONEST', 'an honest client was called a thief', [one])]
    }
    if (one.successor === null) return []
    const earlier = successors.get(one.presented) ?? one
    successors.set(one.presented, earlier)
    if (earlier.successor === one.successor) return []
    return [violation('HONEST', 'two renewals of one token gave two successors', [earlier, one])]
  })
}

function checkForeseen(happenings: readonly Happening[]): Violation[] {
  const known = new Set<string>(['ok', 'no-answer', ...foreseen])
  return happenings
    .filter(one => 'told' in one && !known.has(one.told))
    .map(one => violation('FORESEEN', `an answer that nobody should get: ${'told' in one ? one.told : ''}`, [one]))
}

function checkProcesses(happenings: readonly Happening[]): Violation[] {
  return happenings.flatMap(one => {
    if (one.kind === 'death') return [violation('RECOVERS', `${one.target} ended by itself`, [one])]
    if (one.kind !== 'recovery' || one.isServing) return []
    return [violation('RECOVERS', `${one.target} did not come back`, [one])]
  })
}

function violation(promise: Promised, what: string, evidence: Happening[]): Violation {
  return { promise, what, evidence }
}

/** Whether the table knows this refusal, and that it signs a person out. */
export function signsOut(told: string): boolean {
  if (!Object.hasOwn(problems, told)) return false
  return problemDefinition(told as ProblemCode).action === 'login' || told === 'account-disabled'
}
