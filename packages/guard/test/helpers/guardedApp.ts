/** Starts a guarded service on a real port with a fake auth service and a fake clock. */
import type { AddressInfo } from 'node:net'
import { createGuard, type Guard, type GuardOptions, guard } from '@gatehouse/guard'
import { fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import { type GuardFixture, guardFixture, type RawResponse, send, untilReady } from '@gatehouse/testkit'
import fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import type { Test } from 'tap'

export interface Guarded extends GuardFixture {
  app: FastifyInstance
  guard: Guard
  metrics: Registry
  /** Sends a request. A header given as an array is sent several times. */
  send(path: string, headers?: Record<string, string | string[]>): Promise<RawResponse>
  /** Resolves when the guard accepts the headers of the next request of `POST /act`. */
  nextAccepted(): Promise<void>
  /** How often the handler of `POST /act` has run. */
  handled(): number
  stop(): Promise<void>
}

export const problemOptions = { problemBase: 'https://auth.example/problems', realm: 'warehouse' }

export async function guarded(over: Partial<GuardOptions> = {}): Promise<Guarded> {
  const fixture = await guardFixture()
  const metrics = new Registry()
  const accepted: (() => void)[] = []
  let handled = 0
  const own = createGuard({ ...fixture.guardOptions, metrics, ...over })
  const app = fastify({ ...fastifyDefaults({ ...problemOptions, logLevel: 'silent' }) })
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
  await app.register(strictRequests)
  app.get('/open', () => 'open')
  await app.register(async inside => {
    await inside.register(guard, { guard: own })
    inside.addHook('onRequest', async ({ url }) => {
      if (url === '/act') for (const resolve of accepted.splice(0)) resolve()
    })
    inside.post('/act', () => {
      handled += 1
      return 'done'
    })
    inside.get('/me', request => request.caller)
    inside.get('/restricted', { config: { guard: { scope: ['storage:restricted'] } } }, () => 'restricted')
    inside.get('/admin', { config: { guard: { roles: ['admin', 'auditor'] } } }, () => 'admin')
    inside.get('/recent', { config: { guard: { maxAge: 60 } } }, () => 'recent')
    inside.get('/lenient', { config: { guard: { onUnknown: 'allow' } } }, () => 'lenient')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    ...fixture,
    app,
    guard: own,
    metrics,
    nextAccepted: () => new Promise(resolve => accepted.push(resolve)),
    handled: () => handled,
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await app.close()
      await fixture.auth.stop()
    },
  }
}

/**
 * A guarded service whose guard holds a lease and waits in a held poll; stopped when the test ends.
 */
export async function readyService(t: Test, options: Partial<GuardOptions> = {}): Promise<Guarded> {
  return untilReady(t, await guarded(options))
}
