/** The headers by which the gateway passes on the caller. */
import type { Caller } from '@gatehouse/guard'

/**
 * All values come from the token. No request header is copied, so none can be spoofed.
 * @returns names in lower case, and values without line breaks
 */
export function identityOf({ id, sid, roles, scopes, clientId }: Caller): Record<string, string> {
  return {
    'x-auth-subject': headerSafe(id),
    'x-auth-session': headerSafe(sid),
    'x-auth-roles': roles.map(headerSafe).join(','),
    'x-auth-scope': scopes.map(headerSafe).join(' '),
    'x-auth-client': headerSafe(clientId),
  }
}

/** Encodes all but plain characters: a value cannot contain a line break, comma or space. */
function headerSafe(value: string): string {
  return value.replace(/[^\w.~:/@+-]+/g, encodeURIComponent)
}
