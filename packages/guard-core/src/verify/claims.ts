/** Validates the claims of a token whose signature is valid, and makes the caller that handlers see. */
import { type AccessTokenClaims, type ProblemCode, requiredClaims } from '@gatehouse/contract'
import { issuerMismatch } from '../issuerMismatch.ts'

/**
 * The caller, as the token describes it. It is frozen, since requests with the same token share it.
 */
export interface Caller {
  /**
   * The id of the account; for a token that a service client obtained for itself, the id of the
   * client.
   */
  readonly id: string
  /** The id of the session. */
  readonly sid: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly clientId: string
  /** The id of the key that signed the token. */
  readonly keyId: string
  readonly claims: Readonly<AccessTokenClaims>
}

export interface ClaimsRules {
  issuer: string
  audience: string
  /**
   * The time by which the claims are judged, in milliseconds since 1970; null when it is not known
   * yet.
   */
  timeMs: number | null
  /**
   * False when the time can be behind, as after a suspension: a time in the future then proves
   * nothing.
   */
  isTimeCurrent: boolean
  /** How long after `exp` and before `iat` and `nbf` a token is valid, in milliseconds. */
  toleranceMs: number
  /** The id of the key that signed the token. */
  keyId: string
}

export type ClaimsResult =
  | { kind: 'valid'; caller: Caller }
  | { kind: 'invalid'; code: ProblemCode; why: string; isForOtherService?: boolean }

/** Longer than the lifetime of any access token that the auth service can be configured for. */
const maxLifetimeSeconds = 86_400
const maxAudiences = 20
const strings = ['iss', 'sub', 'jti', 'client_id', 'sid'] as const
const times = ['iat', 'exp', 'nbf', 'auth_time'] as const
const counts = ['epoch', 'global_epoch'] as const
const scopeText = /^$|^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * Validates the claims. Expiry comes last: `token-expired` means that everything else is valid.
 * @returns the caller, or the code of the problem: `token-invalid`, `token-expired`, or
 *   `revocation-unknown` without a time
 */
export function validateClaims(payload: Record<string, unknown>, rules: ClaimsRules): ClaimsResult {
  const typeError = typeErrorIn(payload)
  if (typeError !== null) return { kind: 'invalid', code: 'token-invalid', why: typeError }

  const claims = payload as unknown as AccessTokenClaims & { nbf?: number }
  const otherService = otherServiceOf(claims, rules)
  if (otherService !== null)
    return { kind: 'invalid', code: 'token-invalid', why: otherService, isForOtherService: true }
  const { timeMs, isTimeCurrent, toleranceMs } = rules
  if (timeMs === null) return { kind: 'invalid', code: 'revocation-unknown', why: 'no response of the feed yet' }
  const latest = (timeMs + toleranceMs) / 1000
  if (Math.max(claims.iat, claims.nbf ?? 0, claims.auth_time ?? 0) > latest) {
    const code = isTimeCurrent ? 'token-invalid' : 'revocation-unknown'
    return { kind: 'invalid', code, why: 'iat, nbf or auth_time is in the future' }
  }
  const lifetimeSeconds = claims.exp - claims.iat
  if (lifetimeSeconds <= 0 || lifetimeSeconds > maxLifetimeSeconds) {
    return { kind: 'invalid', code: 'token-invalid', why: 'a lifetime that no access token has' }
  }
  if (timeMs >= claims.exp * 1000 + toleranceMs) return { kind: 'invalid', code: 'token-expired', why: 'expired' }
  return { kind: 'valid', caller: callerOf(claims, rules.keyId) }
}

function typeErrorIn(payload: Record<string, unknown>): string | null {
  for (const name of requiredClaims) if (!Object.hasOwn(payload, name)) return `${name} is missing`
  for (const name of strings) if (!isText(payload[name])) return `${name} is not a string`
  if (!isAudience(payload['aud'])) return 'aud is not a string or a list of strings'
  for (const name of times) if (name in payload && !isCount(payload[name], 1)) return `${name} is not a time`
  for (const name of counts) if (!isCount(payload[name], 0)) return `${name} is not a count`
  const { scope, roles, act } = payload
  if (scope !== undefined && (typeof scope !== 'string' || !scopeText.test(scope)))
    return 'scope is not a list of scopes'
  if (act !== undefined && !isActor(act)) return 'act is not an actor'
  if (roles !== undefined && !(Array.isArray(roles) && roles.every(isText))) return 'roles is not a list of strings'
  return null
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1024
}

/** RFC 8693 section 4.1. Its `sid` is looked up among the revocations. */
function isActor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return !('sid' in value) || isText(value.sid)
}

/** Issuers and audiences are compared as strings (RFC 7519 sections 4.1.1 and 4.1.3). */
function otherServiceOf({ iss, aud }: AccessTokenClaims, { issuer, audience }: ClaimsRules): string | null {
  if (iss !== issuer) return `iss: ${issuerMismatch(issuer, iss)}`
  if (Array.isArray(aud) ? aud.includes(audience) : aud === audience) return null
  return `aud: expected "${audience}", received ${JSON.stringify(aud)}`
}

/** One or several audiences (RFC 7519 section 4.1.3). */
function isAudience(value: unknown): boolean {
  return (
    isText(value) || (Array.isArray(value) && value.length > 0 && value.length <= maxAudiences && value.every(isText))
  )
}

/** Rejects fractions, strings, numbers below the minimum and numbers that are no safe integer. */
function isCount(value: unknown, min: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min
}

function callerOf(claims: AccessTokenClaims, keyId: string): Caller {
  const roles = Object.freeze(claims.roles ?? [])
  const scopes = Object.freeze(claims.scope ? claims.scope.split(' ') : [])
  return Object.freeze({
    id: claims.sub,
    sid: claims.sid,
    roles,
    scopes,
    clientId: claims.client_id,
    keyId,
    claims: Object.freeze(claims),
  })
}
