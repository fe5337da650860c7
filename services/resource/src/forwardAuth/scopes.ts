/** Scopes that a gateway requires. */
import { malformed, ProblemError } from '@gatehouse/contract'
import type { Caller } from '@gatehouse/guard'

/** Scopes, separated by one space (RFC 6749 section 3.3). */
const form = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * @param text scopes separated by spaces; empty or absent for none
 * @param field where the gateway gave them
 * @throws ProblemError `request-malformed`
 */
export function scopesIn(text: string | undefined, field: string): string[] {
  if (text === undefined || text === '') return []
  if (text.length <= 500 && form.test(text)) return text.split(' ')
  throw malformed(field, 'must be scopes, separated by one space')
}

/** @throws ProblemError `insufficient-scope` when one is missing */
export function requireScopes({ scopes }: Caller, needed: readonly string[]): void {
  if (needed.every(scope => scopes.includes(scope))) return
  throw new ProblemError('insufficient-scope', 'the gateway requires more scopes', { scope: needed })
}
