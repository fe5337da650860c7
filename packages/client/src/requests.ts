/** `fetch` that does what the `action` of a problem says, and repeats a request only where that is safe. */
import { ClientError, endsSession, type ProblemError, readProblem } from './errors.ts'
import { getToken, over, renew } from './renewal.ts'
import { assertGeneration, type Core } from './session.ts'
import type { Client } from './types.ts'

/** @param origins those that receive the access token; the first is that of the auth service, which also receives cookies */
export function createFetch(core: Core, origins: readonly string[]): Client['fetch'] {
  const { clock, fetch, timeLimitMs } = core
  return async (input, init) => {
    const request = new Request(input, init)
    const { signal } = request
    const { origin } = new URL(request.url)
    const credentials = origin === origins[0] ? request.credentials : 'omit'
    if (!origins.includes(origin)) return fetch(request, { credentials })

    const isStream = init?.body instanceof ReadableStream
    const { generation } = core
    const giveUpAtMs = clock.nowMs() + timeLimitMs
    let hasRenewed = false
    for (let attempt = 0; ; ) {
      const token = await getToken(core, signal)
      assertGeneration(core, generation)
      const copy = isStream ? request : request.clone()
      if (token) copy.headers.set('authorization', `Bearer ${token}`)
      const response = await fetch(copy, { credentials })
      const error = await readProblem(response)
      if (!error) {
        if (token) assertGeneration(core, generation)
        return response
      }
      const { action, code } = error.problem
      if (token && action === 'renew' && !hasRenewed) {
        hasRenewed = true
        // Another request may have renewed since this one was sent.
        if (core.access?.accessToken === token) await renew(core, signal)
      } else if (action === 'retry' && (code === 'revocation-unknown' || isIdempotent(request))) {
        const waitMs = pauseMs(attempt++, error)
        if (clock.nowMs() + waitMs > giveUpAtMs) throw error
        await clock.sleep(waitMs, signal)
      } else {
        if (token && endsSession(error) && generation === core.generation) await over(core, error)
        throw error
      }
      if (isStream) throw new ClientError('body-not-repeatable', error)
    }
  }
}

function isIdempotent({ method, headers }: Request): boolean {
  return /^(GET|HEAD|OPTIONS|PUT|DELETE)$/.test(method) || headers.has('idempotency-key')
}

/** What the answer asks for, or an exponential pause; with jitter, and never shorter than asked. */
export function pauseMs(attempt: number, problem: ProblemError | undefined): number {
  return (problem?.retryAfterMs ?? Math.min(500 * 2 ** attempt, 8000)) * (1 + Math.random() / 4)
}
