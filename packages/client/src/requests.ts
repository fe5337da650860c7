/** `fetch` that does what the `action` of a problem says, and repeats a request only where that is safe. */
import { ClientError, endsSession, readProblem } from './errors.ts'
import { createPauses } from './pauses.ts'
import { endWith, getToken } from './renewal.ts'
import { assertGeneration, type Core } from './session.ts'
import type { Client } from './types.ts'

/** @param origins those that receive the access token; the first is that of the auth service, which also receives cookies */
export function createFetch(core: Core, origins: readonly string[]): Client['fetch'] {
  const { fetch } = core
  return async (input, init) => {
    const request = new Request(input, init)
    const { headers, method, signal } = request
    const isIdempotent = /^(GET|HEAD|PUT|DELETE)$/.test(method) || headers.has('idempotency-key')
    const { origin } = new URL(request.url)
    const credentials = origin === origins[0] ? request.credentials : 'omit'
    if (!origins.includes(origin)) return fetch(request, { credentials })

    const isStream = (init as { duplex?: string } | undefined)?.duplex
    const { generation } = core
    const pause = createPauses(core)
    let hasRenewed: true | undefined
    for (;;) {
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
        if (core.access?.accessToken === token) core.access.expiresIn = 0
      } else if (action === 'retry' && (code === 'revocation-unknown' || isIdempotent)) {
        if (await pause(error, signal)) throw error
      } else {
        if (token && endsSession(error.problem) && generation === core.generation) await endWith(core, error)
        throw error
      }
      if (isStream) throw new ClientError('body-not-repeatable', error)
    }
  }
}
