/** Decides whether a verified token can pass: first revocation, then the scopes and roles of the route, then the age of the log-in. */
import type { ProblemCode, RevocationEffect } from '@gatehouse/contract'
import type { Caller } from './claims.ts'

/** What a route requires beyond a valid token of an active session. */
export interface Rule {
  /** All of these scopes are required. */
  readonly scope: readonly string[]
  /** One of these roles is required; an empty list requires none. */
  readonly roles: readonly string[]
  /** Without a lease: refuse with `revocation-unknown`, or allow (availability over certainty). */
  readonly onUnknown: 'refuse' | 'allow'
  /** How old the log-in may be, in seconds. */
  readonly maxAge?: number
}

/** What a decision depends on. */
export interface AuthorizationFacts {
  caller: Pick<Caller, 'scopes' | 'roles'>
  /** The effect of the revocation that covers the token; undefined when none is known. */
  revoked: RevocationEffect | undefined
  /** The guard holds a lease, so it knows every revocation. */
  hasLease: boolean
  /** How long ago the user logged in, in seconds; infinite when the token does not say. Only read by a rule with `maxAge`. */
  loginAgeSeconds?: number
}

/**
 * `pass`, `unknown-allowed` (it passes without a lease and is counted), or the code of the problem.
 */
export type AuthorizationResult = 'pass' | 'unknown-allowed' | ProblemCode

/** The problem for each effect of a revocation. */
export const problemOfEffect = {
  ended: 'session-ended',
  forbidden: 'account-disabled',
  superseded: 'token-expired',
} as const satisfies Record<RevocationEffect, ProblemCode>

/**
 * Decides. A known revocation holds without a lease, with one exception: `account-disabled`, since
 * the account may have been enabled again. To know that there is no revocation needs the lease.
 * @param facts the caller, the revocation and the lease
 * @param rule the rule of the route
 */
export function authorize(facts: AuthorizationFacts, rule: Rule): AuthorizationResult {
  const { caller, revoked, hasLease } = facts
  const isStale = revoked === 'forbidden' && !hasLease && rule.onUnknown === 'refuse'
  if (revoked !== undefined && !isStale) return problemOfEffect[revoked]
  if (!hasLease && rule.onUnknown === 'refuse') return 'revocation-unknown'
  if (!hasAll(caller.scopes, rule.scope) || !hasAny(caller.roles, rule.roles)) return 'insufficient-scope'
  if (rule.maxAge !== undefined && !((facts.loginAgeSeconds ?? Number.POSITIVE_INFINITY) <= rule.maxAge))
    return 'reauthentication-required'
  return hasLease ? 'pass' : 'unknown-allowed'
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
