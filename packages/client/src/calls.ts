/** Calls to the auth service: each has a time limit, and all can be interrupted. */
import { type ProblemError, readProblem } from './errors.ts'
import type { Tokens } from './records.ts'
import type { Clock } from './types.ts'

export interface CallOptions {
  auth: URL
  fetch: typeof fetch
  clock: Clock
  credentials: RequestCredentials
  callTimeoutMs: number
}

export type AuthCalls = ReturnType<typeof createCalls>

export function createCalls({ auth, fetch, clock, credentials, callTimeoutMs }: CallOptions) {
  let calls = new AbortController()

  /** @returns undefined when no usable answer came: whether the call took effect is then unknown */
  async function call(
    method: string,
    path: string,
    body: object,
    key?: string,
  ): Promise<Tokens | ProblemError | undefined> {
    // A token's age counts from before the request, so that it never looks younger than it is.
    const sentAt = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
    try {
      const response = await fetch(new URL(path, auth), {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
        credentials,
        cache: 'no-store',
        signal: AbortSignal.any([calls.signal, AbortSignal.timeout(callTimeoutMs)]),
      })
      if (!response.ok) return await readProblem(response)
      const tokens = response.status === 204 ? sentAt : { ...(await response.json()), ...sentAt }
      if (response.status === 204 || (tokens.accessToken && tokens.sessionId && tokens.expiresIn)) return tokens
    } catch {}
    return undefined
  }

  return {
    call,
    /** Ends calls and pauses, so that no late answer sets a cookie. */
    interrupt() {
      calls.abort()
      calls = new AbortController()
    },
    /** Aborted by `interrupt`. A signal of its own for each pause, since listeners stay on a signal. */
    signal: () => AbortSignal.any([calls.signal]),
  }
}
