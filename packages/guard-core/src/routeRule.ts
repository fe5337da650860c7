/** Parses a route's `config.guard`, and rejects one that is not valid in every part. */
import type { Rule } from './verify/authorize.ts'

/** The rule of a route, as `config.guard`. */
export interface RouteRule {
  /** All of these scopes are required. */
  scope?: readonly string[]
  /** One of these roles is required. */
  roles?: readonly string[]
  /** Without a lease: refuse with `revocation-unknown` (the default), or allow. */
  onUnknown?: 'refuse' | 'allow'
  /** How old the log-in may be, in seconds: an older one is refused with `reauthentication-required` (RFC 9470). */
  maxAge?: number
}

const knownFields = ['scope', 'roles', 'onUnknown', 'maxAge']
/** The characters of a scope (RFC 6749 section 3.3), which a challenge can contain in quotes. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * @param config the value of `config.guard`
 * @param route the route's method and URL, for the message
 * @throws TypeError also for an unknown field: an ignored misspelling would leave the route open
 */
export function parseRouteRule(config: unknown, route: string): Rule {
  if (config === undefined) return { scope: [], roles: [], onUnknown: 'refuse' }
  if (typeof config !== 'object' || config === null) throw new TypeError(`${route}: config.guard must be an object`)
  for (const name of Object.keys(config)) {
    if (!knownFields.includes(name))
      throw new TypeError(`${route}: config.guard has no "${name}", only ${knownFields.join(', ')}`)
  }
  const { scope = [], roles = [], onUnknown = 'refuse', maxAge } = config as Record<string, unknown>
  if (!isListOf(scope, scopeToken)) throw new TypeError(`${route}: config.guard.scope must be a list of scopes`)
  if (!isListOf(roles, /./)) throw new TypeError(`${route}: config.guard.roles must be a list of roles`)
  if (onUnknown !== 'refuse' && onUnknown !== 'allow') {
    throw new TypeError(`${route}: config.guard.onUnknown must be "refuse" or "allow"`)
  }
  if (maxAge === undefined) return { scope, roles, onUnknown }
  if (!Number.isSafeInteger(maxAge) || (maxAge as number) < 1) {
    throw new TypeError(`${route}: config.guard.maxAge must be a whole number of seconds, at least 1`)
  }
  return { scope, roles, onUnknown, maxAge: maxAge as number }
}

function isListOf(value: unknown, pattern: RegExp): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string' && pattern.test(item))
}
