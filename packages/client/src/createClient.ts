/** The client: sign-in, sign-out and `fetch` over one session. What a browser adds is in `browser.ts`. */
import { call } from './calls.ts'
import { systemClock } from './clock.ts'
import { ClientError } from './errors.ts'
import { createRecords } from './records.ts'
import { getToken } from './renewal.ts'
import { createFetch } from './requests.ts'
import { accept, assertGeneration, type Core, change, emit, end, type Hook } from './session.ts'
import { completeSignOut } from './signOut.ts'
import type { Client, ClientOptions } from './types.ts'

export function createClient(options: ClientOptions): Client {
  const { clock = systemClock, timeLimitMs = 30_000, callTimeoutMs = 10_000 } = options
  const core: Core = {
    fetch: options.fetch ?? fetch,
    clock,
    credentials: 'omit',
    timeLimitMs,
    callTimeoutMs,
    auth: new URL(options.auth.replace(/\/*$/, '/')),
    records: createRecords(options.store),
    hooks: new Set(),
    state: { status: 'unknown' },
    generation: 0,
    resumeAtMs: 0,
    calls: new AbortController(),
  }
  const { hooks, records } = core

  return {
    fetch: createFetch(core, [core.auth.origin, ...(options.origins ?? [])]),
    async signIn(login) {
      const generation = change(core)
      await completeSignOut(core)
      const answer = await call(core, 'POST', { transport: 'body', ...login })
      assertGeneration(core, generation)
      if (!answer || answer.problem) throw answer ?? new ClientError('unreachable')
      await records.write({ ...answer, key: crypto.randomUUID() })
      assertGeneration(core, generation)
      accept(core, answer, 'signed-in')
    },
    async signOut() {
      change(core)
      end(core, 'signed-out')
      const { refreshToken } = await records.read()
      await records.write({ refreshToken, isSignedOut: true })
      await completeSignOut(core)
    },
    token: () => getToken(core),
    getState: () => core.state,
    subscribe(listener) {
      const hook: Hook = event => event === 'state' && listener(core.state)
      hooks.add(hook)
      return () => hooks.delete(hook)
    },
    close() {
      change(core)
      emit(core, 'closed')
    },
    core,
  }
}
