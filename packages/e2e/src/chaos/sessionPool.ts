/** The live sessions of a run, which revokers pick from, and the tokens of ended ones. */
import type { Session } from './coverage.ts'

/** A session with the tokens of its client. */
export interface LiveSession extends Session {
  refreshToken: string
  /** The newest is last. */
  accessTokens: string[]
}

/** An access token that its client no longer uses. */
export interface RevokedToken {
  sid: string
  user: string
  accessToken: string
}

export interface SessionPool {
  /** Account ids by e-mail address. */
  users: ReadonlyMap<string, string>
  live: Map<string, LiveSession>
  /** The newest only. */
  revokedTokens: RevokedToken[]
  start: (session: LiveSession) => void
  remove: (session: LiveSession) => void
  addRevoked: (session: LiveSession) => void
}

/** Limits of the pool: access tokens of one session, and revoked tokens in all. */
const maxTokensOfSession = 2
const maxRevokedTokens = 60

export function createSessionPool(users: ReadonlyMap<string, string>): SessionPool {
  const live = new Map<string, LiveSession>()
  const revokedTokens: RevokedToken[] = []
  const addRevoked = ({ sid, user, accessTokens }: LiveSession) => {
    for (const accessToken of accessTokens) revokedTokens.push({ sid, user, accessToken })
    revokedTokens.splice(0, revokedTokens.length - maxRevokedTokens)
  }
  return {
    users,
    live,
    revokedTokens,
    addRevoked,
    start: session => live.set(session.sid, session),
    remove: session => {
      live.delete(session.sid)
      addRevoked(session)
    },
  }
}

/** Adds the new access token of a session. */
export function takeAccessToken(session: LiveSession, accessToken: string): void {
  session.accessTokens.push(accessToken)
  session.accessTokens.splice(0, session.accessTokens.length - maxTokensOfSession)
}
