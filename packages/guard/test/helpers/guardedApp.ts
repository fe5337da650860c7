/** Starts a guarded service on a real port with a fake auth service and a fake clock. */
import type { AddressInfo } from 'node:net'
import { createGuard, type Guard, type GuardOptions, guard } from '@gatehouse/guard'
import { fastifyDefaults, problemDetails, strictRequests } from '@gatehouse/http'
import {
  audience,
  claimsAt,
  clientId,
  clientSecret,
  type FakeAuth,
  type FakeClock,
  fakeAuth,
  fakeClock,
  issuer,
  type RawResponse,
  type SigningKey,
  send,
  signingKey,
  startMs,
  tokenOf,
} from '@gatehouse/testkit'
import fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import type { Test } from 'tap'

export interface Guarded {
  app: FastifyInstance
  auth: FakeAuth
  clock: FakeClock
  guard: Guard
  key: SigningKey
  metrics: Registry
  /** A valid token with these claims changed. */
  token(over?: Record<string, unknown>): string
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
  const clock = fakeClock({ wallMs: startMs })
  const auth = await fakeAuth(clock)
  const key = signingKey()
  auth.keys = [key]
  const metrics = new Registry()
  const accepted: (() => void)[] = []
  let handled = 0
  const client = { clientId, clientSecret, authUrls: [auth.url], issuer, audience }
  const own = createGuard({ ...client, clock, metrics, publicKey: key.pem, random: () => 0.5, ...over })
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
    ...{ app, auth, clock, guard: own, key, metrics },
    nextAccepted: () => new Promise(resolve => accepted.push(resolve)),
    handled: () => handled,
    token: claims => tokenOf(key, claimsAt(clock.wallMs(), claims)),
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await app.close()
      await auth.stop()
    },
  }
}

/**
 * A guarded service whose guard holds a lease and waits in a held poll; stopped when the test ends.
 */
export async function readyService(t: Test, options: Partial<GuardOptions> = {}): Promise<Guarded> {
  const service = await guarded(options)
  t.teardown(service.stop)
  await service.guard.ready()
  await service.auth.holding()
  return service
}

/** Advances the clock by 20 ms at each turn of the event loop until the promise resolves. */
export async function passUntil(clock: FakeClock, happened: Promise<unknown>): Promise<void> {
  let isOver = false
  happened.then(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(20)
}
