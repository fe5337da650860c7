/** Reads a route's `config.guard`, and refuses to start with one that it does not wholly understand. */
import type { Rule } from './verify/authorize.ts'

/** What a route may say. */
export interface RouteRule {
  scope?: readonly string[]
  roles?: readonly string[]
  onUnknown?: 'refuse' | 'allow'
}

const knownFields = ['scope', 'roles', 'onUnknown']
/** RFC 6749 section 3.3: what may stand in a scope, and so in the quotes of a challenge. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** @throws TypeError for a misspelt field: ignored, it would leave the route open */
export function parseRouteRule(config: unknown, route: string): Rule {
  if (config === undefined) return { scope: [], roles: [], onUnknown: 'refuse' }
  if (typeof config !== 'object' || config === null) throw new TypeError(`${route}: config.guard must be an object`)
  for (const name of Object.keys(config)) {
    if (!knownFields.includes(name))
      throw new TypeError(`${route}: config.guard has no "${name}", only ${knownFields.join(', ')}`)
  }
  const { scope = [], roles = [], onUnknown = 'refuse' } = config as Record<string, unknown>
  if (!isListOf(scope, scopeToken)) throw new TypeError(`${route}: config.guard.scope must be a list of scopes`)
  if (!isListOf(roles, /./)) throw new TypeError(`${route}: config.guard.roles must be a list of roles`)
  if (onUnknown !== 'refuse' && onUnknown !== 'allow') {
    throw new TypeError(`${route}: config.guard.onUnknown must be "refuse" or "allow"`)
  }
  return { scope, roles, onUnknown }
}

function isListOf(value: unknown, pattern: RegExp): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string' && pattern.test(item))
}
