/** Who is logged in, as the run knows it: what revokers choose from, and what is left of those who were thrown out. */
import type { Session } from './coverage.ts'

/** A session with what its client holds. */
export interface LiveSession extends Session {
  refreshToken: string
  /** The newest is last. */
  accessTokens: string[]
}

/** An access token that its owner does not use any more. */
export interface Leftover {
  sid: string
  user: string
  accessToken: string
}

export interface People {
  /** Account ids by e-mail address. */
  users: ReadonlyMap<string, string>
  live: Map<string, LiveSession>
  /** The newest leftovers. */
  leftovers: Leftover[]
  enter: (session: LiveSession) => void
  leave: (session: LiveSession) => void
  leaveBehind: (session: LiveSession) => void
}

/** How many access tokens of one session are of interest, and how many leftovers in all. */
const tokensOfSession = 2
const leftoversKept = 60

export function createPeople(users: ReadonlyMap<string, string>): People {
  const live = new Map<string, LiveSession>()
  const leftovers: Leftover[] = []
  const leaveBehind = ({ sid, user, accessTokens }: LiveSession) => {
    for (const accessToken of accessTokens) leftovers.push({ sid, user, accessToken })
    leftovers.splice(0, leftovers.length - leftoversKept)
  }
  return {
    users,
    live,
    leftovers,
    leaveBehind,
    enter: session => live.set(session.sid, session),
    leave: session => {
      live.delete(session.sid)
      leaveBehind(session)
    },
  }
}

/** The session goes on with a new access token. */
export function takeAccessToken(session: LiveSession, accessToken: string): void {
  session.accessTokens.push(accessToken)
  session.accessTokens.splice(0, session.accessTokens.length - tokensOfSession)
}
