/** `fetch` that does what the `action` of a problem says, and repeats a request only where that is safe. */
import { ClientError, endsSession, type ProblemError, readProblem } from './errors.ts'
import type { Session } from './session.ts'
import type { Clock } from './types.ts'

export interface RequestDeps {
  session: Session
  fetch: typeof fetch
  clock: Clock
  /** The origins that receive the access token; the first is that of the auth service, which also receives cookies. */
  origins: readonly string[]
  timeLimitMs: number
}

export function createFetch({ session, clock, timeLimitMs, ...deps }: RequestDeps): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { signal } = request
    const { origin } = new URL(request.url)
    const credentials = origin === deps.origins[0] ? request.credentials : 'omit'
    if (!deps.origins.includes(origin)) return deps.fetch(request, { credentials })

    const isStream = init?.body instanceof ReadableStream
    const generation = session.getGeneration()
    const giveUpAtMs = clock.nowMs() + timeLimitMs
    let hasRenewed = false
    for (let attempt = 0; ; ) {
      const token = await session.token(signal)
      session.assertGeneration(generation)
      const copy = isStream ? request : request.clone()
      if (token) copy.headers.set('authorization', `Bearer ${token}`)
      const response = await deps.fetch(copy, { credentials })
      const error = await readProblem(response)
      if (!error) {
        if (token) session.assertGeneration(generation)
        return response
      }
      const { action, code } = error.problem
      if (token && action === 'renew' && !hasRenewed) {
        hasRenewed = true
        // Another request may have renewed since this one was sent.
        if (session.getAccess()?.accessToken === token) await session.renew(signal)
      } else if (action === 'retry' && (code === 'revocation-unknown' || isIdempotent(request))) {
        const waitMs = pauseMs(attempt++, error)
        if (clock.nowMs() + waitMs > giveUpAtMs) throw error
        await clock.sleep(waitMs, signal)
      } else {
        if (token && endsSession(error) && generation === session.getGeneration()) await session.over(error)
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
