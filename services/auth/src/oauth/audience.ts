/** Selects the audience of an access token: `resource` (RFC 8707), or `audience` of a token exchange (RFC 8693). */
import { OAuthError } from './errors.ts'
import type { Form } from './form.ts'

/** The audiences that a client can ask for: the configured ones. */
export type Audiences = readonly string[]

/**
 * @returns the requested audience; undefined when the request names none
 * @throws OAuthError `invalid_target` for an audience that is not configured, or two different ones
 */
export function requestedAudience({ resource, audience }: Form, audiences: Audiences): string | undefined {
  const wanted = resource ?? audience
  if (wanted === undefined) return undefined
  if (audience !== undefined && audience !== wanted)
    throw new OAuthError('invalid_target', 'A token has one audience: resource and audience differ.')
  if (!audiences.includes(wanted)) throw new OAuthError('invalid_target', 'The resource is not known here.')
  return wanted
}
