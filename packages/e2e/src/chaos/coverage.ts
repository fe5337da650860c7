/** Which sessions a revocation covers, by what really happened: no claims and no epochs are compared. */
import type { Revocation, Span } from './history.ts'

/** A session: its log-in, and whose it is. */
export interface Session extends Span {
  sid: string
  user: string
}

/** It began before the revocation was asked for, so that every token of it is covered. */
export function certainlyCovers(revocation: Revocation, session: Session): boolean {
  // Enabling what is enabled covers nothing; what the disable before it covered stays covered by that.
  if (revocation.act === 'enable') return false
  return isAbout(revocation, session) && (namesSession(revocation) || session.endMs <= revocation.startMs)
}

/** It may have begun before the revocation was committed; one whose end is unknown may be carried out at any time. */
export function possiblyCovers(revocation: Revocation, session: Session): boolean {
  const committedByMs = revocation.standing === 'unknown' ? Number.POSITIVE_INFINITY : revocation.endMs
  return isAbout(revocation, session) && (namesSession(revocation) || session.startMs <= committedByMs)
}

function namesSession({ act }: Revocation): boolean {
  return act === 'end-one' || act === 'log-out'
}

function isAbout(revocation: Revocation, { sid, user }: Session): boolean {
  if (revocation.act === 'global') return true
  if (namesSession(revocation)) return revocation.sid === sid
  return revocation.user === user && (revocation.act !== 'end-others' || revocation.sid !== sid)
}
