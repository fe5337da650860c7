/** The contents of an access token, as the statements that start and renew sessions return them. */

export interface AccessTokenContents {
  sessionId: string
  accountId: string
  clientId: string
  roles: string[]
  scopes: string[]
  epoch: number
  globalEpoch: number
  remember: boolean
  /** The audience of the access token; the configured one when null or undefined. */
  audience?: string | null
  /** The client that acts for the account with this token (RFC 8693 section 4.1). */
  actor?: { sub: string; sid: string }
  /** By PostgreSQL's clock, in milliseconds since 1970, as the two below. */
  issuedAtMs: number
  authenticatedAtMs: number
  expiresAtMs: number
}

/** With the scopes of the session, space-separated; null sets no limit. */
export type ContentsRow = AccessTokenContents & { scope: string | null }

/** Reduces the rights of the account: a session of another client has no roles, and of the current scopes only its own. */
export function contentsOf(row: ContentsRow): AccessTokenContents {
  if (row.scope === null) return row
  const allowed = row.scope.split(' ')
  return { ...row, roles: [], scopes: row.scopes.filter(scope => allowed.includes(scope)) }
}
