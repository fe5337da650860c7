/** Calls to the auth service: each has a time limit, and all can be interrupted. */
import { type ProblemError, readProblem } from './errors.ts'
import type { Tokens } from './records.ts'
import type { Core } from './session.ts'

/**
 * Calls a route of the session.
 * @param key makes it a renewal
 * @returns undefined when no usable answer came: whether the call took effect is then unknown
 */
export async function call(
  { auth, fetch, clock, calls, credentials, callTimeoutMs }: Core,
  method: 'POST' | 'DELETE',
  body: object,
  key?: string,
): Promise<Tokens | ProblemError | undefined> {
  // A token's age counts from before the request, so that it never looks younger than it is.
  const sentAt = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
  try {
    const response = await fetch(new URL(key ? 'session/renew' : 'session', auth), {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
      credentials,
      signal: AbortSignal.any([calls.signal, AbortSignal.timeout(callTimeoutMs)]),
    })
    if (!response.ok) return readProblem(response)
    // Only a sign-out is answered without tokens.
    if (response.status === 204) return {} as Tokens
    const tokens = await response.json()
    if (tokens.sessionId) return { ...tokens, ...sentAt }
  } catch {}
  return undefined
}
