/** Reduces the rights of an account to those that a session can have. */
import type { Grant } from './rotateRefreshToken.ts'

/** The scopes of the session, space-separated; null sets no limit. */
export type GrantRow = Grant & { scope: string | null }

/** A session of another client has no roles, and of the account's current scopes only its own. */
export function narrowGrant(row: GrantRow): Grant {
  if (row.scope === null) return row
  const allowed = row.scope.split(' ')
  return { ...row, roles: [], scopes: row.scopes.filter(scope => allowed.includes(scope)) }
}
