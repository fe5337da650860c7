/** Which sessions a revocation covers, by the recorded times, without claims or epochs. */
import type { Revocation, Span } from './history.ts'

/** A session and its account; the span is that of the log-in. */
export interface Session extends Span {
  sid: string
  user: string
}

/** The session began before the revocation was sent, so all its tokens are covered. */
export function certainlyCovers(revocation: Revocation, session: Session): boolean {
  // Enabling an enabled account covers nothing; the disable before it keeps its own coverage.
  if (revocation.method === 'enable') return false
  return isAbout(revocation, session) && (namesSession(revocation) || session.endMs <= revocation.startMs)
}

/** The session may begin before the commit; a revocation without an answer may commit later. */
export function possiblyCovers(revocation: Revocation, session: Session): boolean {
  const committedByMs = revocation.barrierResult === 'unknown' ? Number.POSITIVE_INFINITY : revocation.endMs
  return isAbout(revocation, session) && (namesSession(revocation) || session.startMs <= committedByMs)
}

function namesSession({ method }: Revocation): boolean {
  return method === 'end-one' || method === 'log-out'
}

function isAbout(revocation: Revocation, { sid, user }: Session): boolean {
  if (revocation.method === 'global') return true
  if (namesSession(revocation)) return revocation.sid === sid
  return revocation.user === user && (revocation.method !== 'end-others' || revocation.sid !== sid)
}
