/** Whether a verified token may pass: what revocation says of it, then what the route asks for. */
import type { ProblemCode, RevocationEffect } from '@gatehouse/contract'
import type { Caller } from './claims.ts'

/** What a route asks of its callers beyond a valid token of a session that stands. */
export interface Rule {
  /** All of these scopes. */
  readonly scope: readonly string[]
  /** One of these roles; none given is none needed. */
  readonly roles: readonly string[]
  /** While the lease has lapsed: refuse with `revocation-unknown`, or let pass (availability over certainty). */
  readonly onUnknown: 'refuse' | 'allow'
}

export interface AuthorizationFacts {
  caller: Pick<Caller, 'scopes' | 'roles'>
  /** The revocation that covers the token, if memory holds one. */
  revoked: RevocationEffect | undefined
  /** The lease stands: memory is complete. */
  mayDecide: boolean
}

/** `unknown-allowed` passes too, and is counted. */
export type AuthorizationResult = 'pass' | 'unknown-allowed' | ProblemCode

export const problemOfEffect = {
  ended: 'session-ended',
  forbidden: 'account-disabled',
  superseded: 'token-expired',
} as const satisfies Record<RevocationEffect, ProblemCode>

/**
 * A revocation that is known stays known when the lease lapses: only its absence needs the lease, and whether an account is
 * still disabled. It may have been enabled since, and then its older tokens are those of ended sessions.
 */
export function authorize({ caller, revoked, mayDecide }: AuthorizationFacts, rule: Rule): AuthorizationResult {
  const isStale = revoked === 'forbidden' && !mayDecide && rule.onUnknown === 'refuse'
  if (revoked !== undefined && !isStale) return problemOfEffect[revoked]
  if (!mayDecide && rule.onUnknown === 'refuse') return 'revocation-unknown'
  if (!hasAll(caller.scopes, rule.scope) || !hasAny(caller.roles, rule.roles)) return 'insufficient-scope'
  return mayDecide ? 'pass' : 'unknown-allowed'
}

function hasAll(held: readonly string[], needed: readonly string[]): boolean {
  for (const scope of needed) if (!held.includes(scope)) return false
  return true
}

function hasAny(held: readonly string[], needed: readonly string[]): boolean {
  if (needed.length === 0) return true
  for (const role of needed) if (held.includes(role)) return true
  return false
}
