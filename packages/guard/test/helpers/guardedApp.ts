/** A guarded service on a real port, beside a small auth service, with a clock that the test moves. */
import type { AddressInfo } from 'node:net'
import { createGuard, type Guard, type GuardOptions, guard } from '@gatehouse/guard'
import { fastifyDefaults, refusals, strictRequests } from '@gatehouse/http'
import {
  type Answered,
  audience,
  claimsAt,
  clientId,
  clientSecret,
  type HandClock,
  handClock,
  issuer,
  type SigningKey,
  type SmallAuth,
  send,
  signingKey,
  smallAuth,
  startMs,
  tokenOf,
} from '@gatehouse/testkit'
import fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'

export interface Guarded {
  app: FastifyInstance
  auth: SmallAuth
  clock: HandClock
  guard: Guard
  key: SigningKey
  metrics: Registry
  /** A good token, with these claims changed. */
  token(over?: Record<string, unknown>): string
  /** One request; a header given as an array is sent several times. */
  send(path: string, headers?: Record<string, string | string[]>): Promise<Answered>
  stop(): Promise<void>
}

export const surroundings = { problemBase: 'https://auth.example/problems', realm: 'warehouse' }
export async function guarded(over: Partial<GuardOptions> = {}): Promise<Guarded> {
  const clock = handClock({ wallMs: startMs })
  const auth = await smallAuth(clock)
  const key = signingKey()
  auth.keys = [key]
  const metrics = new Registry()
  const client = { clientId, clientSecret, authUrls: [auth.url], issuer, audience }
  const own = createGuard({ ...client, clock, metrics, publicKey: key.pem, random: () => 0.5, ...over })
  const app = fastify({ ...fastifyDefaults({ ...surroundings, logLevel: 'silent' }) })
  await app.register(refusals, surroundings)
  await app.register(strictRequests)
  app.get('/open', () => 'open')
  await app.register(async inside => {
    await inside.register(guard, { guard: own })
    inside.get('/me', request => request.caller)
    inside.get('/restricted', { config: { guard: { scope: ['storage:restricted'] } } }, () => 'restricted')
    inside.get('/admin', { config: { guard: { roles: ['admin', 'auditor'] } } }, () => 'admin')
    inside.get('/lenient', { config: { guard: { onUnknown: 'allow' } } }, () => 'lenient')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    ...{ app, auth, clock, guard: own, key, metrics },
    token: claims => tokenOf(key, claimsAt(clock.wallMs(), claims)),
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await app.close()
      await auth.stop()
    },
  }
}

/** Time passes, a little at each turn of the event loop, until something has happened. */
export async function passUntil(clock: HandClock, happened: Promise<unknown>): Promise<void> {
  let isOver = false
  happened.then(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(20)
}
