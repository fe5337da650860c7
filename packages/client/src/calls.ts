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
  { auth, fetch, clock, calls, transport, callTimeoutMs }: Core,
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
      credentials: transport === 'cookie' ? 'include' : 'omit',
      signal: AbortSignal.any([calls.signal, AbortSignal.timeout(callTimeoutMs)]),
    })
    if (!response.ok) return await readProblem(response)
    const isEmpty = response.status === 204
    const tokens = { ...(!isEmpty && (await response.json())), ...sentAt }
    if (isEmpty || (tokens.accessToken && tokens.sessionId && tokens.expiresIn)) return tokens
  } catch {}
  return undefined
}
