/** Judges the claims of a token whose signature is good, and makes of them what handlers see. */
import { type AccessTokenClaims, type ProblemCode, requiredClaims } from '@gatehouse/contract'

/** Who is calling, as the token says. Frozen, since requests with the same token share it. */
export interface Caller {
  /** The account's id; for a client's own token, the client's id. */
  readonly id: string
  /** The session's id. */
  readonly sid: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly clientId: string
  readonly claims: Readonly<AccessTokenClaims>
}

export interface TimeRules {
  wallMs: number
  /** Clocks may differ by so much, either way. */
  toleranceMs: number
}

export type ClaimsResult = { kind: 'good'; caller: Caller } | { kind: 'bad'; code: ProblemCode; why: string }

/** Longer than any access token lives: a token that claims more is a mistake or worse. */
const maxLifetimeSeconds = 86_400
const strings = ['iss', 'aud', 'sub', 'jti', 'client_id', 'sid'] as const
const times = ['iat', 'exp', 'nbf', 'auth_time'] as const
const counts = ['epoch', 'global_epoch'] as const
const scopeText = /^$|^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** Whether the claims are whole and of this moment. Expiry comes last: `token-expired` says that all else was right. */
export function validateClaims(payload: Record<string, unknown>, rules: TimeRules): ClaimsResult {
  const typeError = typeErrorIn(payload)
  if (typeError !== null) return { kind: 'bad', code: 'token-invalid', why: typeError }

  const claims = payload as unknown as AccessTokenClaims & { nbf?: number }
  const { wallMs, toleranceMs } = rules
  const latest = (wallMs + toleranceMs) / 1000
  if (claims.iat > latest) return { kind: 'bad', code: 'token-invalid', why: 'issued in the future' }
  if (claims.nbf !== undefined && claims.nbf > latest)
    return { kind: 'bad', code: 'token-invalid', why: 'not yet valid' }
  if (claims.auth_time > latest) return { kind: 'bad', code: 'token-invalid', why: 'authenticated in the future' }
  const lifetimeSeconds = claims.exp - claims.iat
  if (lifetimeSeconds <= 0 || lifetimeSeconds > maxLifetimeSeconds) {
    return { kind: 'bad', code: 'token-invalid', why: 'a lifetime that no token of ours has' }
  }
  if (wallMs >= claims.exp * 1000 + toleranceMs) return { kind: 'bad', code: 'token-expired', why: 'expired' }
  return { kind: 'good', caller: callerOf(claims) }
}

function typeErrorIn(payload: Record<string, unknown>): string | null {
  for (const name of requiredClaims) if (!Object.hasOwn(payload, name)) return `${name} is missing`
  for (const name of strings) if (!isText(payload[name])) return `${name} is not a string`
  for (const name of times) if (name in payload && !isCount(payload[name], 1)) return `${name} is not a time`
  for (const name of counts) if (!isCount(payload[name], 0)) return `${name} is not a count`
  const { scope, roles } = payload
  if (scope !== undefined && (typeof scope !== 'string' || !scopeText.test(scope)))
    return 'scope is not a list of scopes'
  if (roles !== undefined && !(Array.isArray(roles) && roles.every(isText))) return 'roles is not a list of strings'
  return null
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1024
}

/** Fractions, negatives, strings and what no integer can hold are all refused. */
function isCount(value: unknown, min: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min
}

function callerOf(claims: AccessTokenClaims): Caller {
  const roles = Object.freeze(claims.roles ?? [])
  const scopes = Object.freeze(claims.scope ? claims.scope.split(' ') : [])
  return Object.freeze({
    id: claims.sub,
    sid: claims.sid,
    roles,
    scopes,
    clientId: claims.client_id,
    claims: Object.freeze(claims),
  })
}
