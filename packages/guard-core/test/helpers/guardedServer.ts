/** Starts a guarded server of node:http with a fake auth service and a fake clock. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ProblemError, problemResponse } from '@gatehouse/contract'
import { createGuard, type Guard, type GuardOptions, parseRouteRule, type RouteRule } from '@gatehouse/guard-core'
import { prometheusMetrics } from '@gatehouse/guard-core/prometheus'
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
import { Registry } from 'prom-client'
import type { Test } from 'tap'

export interface Guarded {
  auth: FakeAuth
  clock: FakeClock
  guard: Guard
  key: SigningKey
  metrics: Registry
  /** A valid token with these claims changed. */
  token(over?: Record<string, unknown>): string
  /** Sends a request. A header given as an array is sent several times. */
  send(path: string, headers?: Record<string, string | string[]>): Promise<RawResponse>
  /** Stops the server, then the guard. */
  close(): Promise<void>
  /** `close`, then the auth service. */
  stop(): Promise<void>
}

const problemOptions = { problemBase: 'https://auth.example/problems', realm: 'warehouse', requestId: 'r-1' }

const routes: Record<string, RouteRule> = {
  '/me': {},
  '/restricted': { scope: ['storage:restricted'] },
  '/admin': { roles: ['admin', 'auditor'] },
  '/lenient': { onUnknown: 'allow' },
}

export async function guarded(over: Partial<GuardOptions> = {}): Promise<Guarded> {
  const clock = fakeClock({ wallMs: startMs })
  const auth = await fakeAuth(clock)
  const key = signingKey()
  auth.keys = [key]
  const metrics = new Registry()
  const client = { clientId, clientSecret, authUrls: [auth.url], issuer, audience }
  const guard = createGuard({
    ...{ ...client, clock, publicKey: key.pem, random: () => 0.5, metrics: prometheusMetrics(metrics) },
    ...over,
  })
  guard.start()
  const server = createServer(serve(guard)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    guard.closeStreams()
    server.close()
    server.closeAllConnections()
    await guard.stop()
  }
  return {
    ...{ auth, clock, guard, key, metrics, close },
    token: claims => tokenOf(key, claimsAt(clock.wallMs(), claims)),
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await close()
      await auth.stop()
    },
  }
}

/** A guarded service whose guard holds a lease and waits in a held poll; stopped when the test ends. */
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

function serve(guard: Guard) {
  const rules = new Map(Object.entries(routes).map(([path, rule]) => [path, parseRouteRule(rule, path)]))
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ''] = (request.url ?? '').split('?')
    const rule = rules.get(path)
    if (rule === undefined) return void response.end('not guarded')
    try {
      const caller = await guard.check(request, rule)
      await text(request)
      guard.recheck(caller, rule)
      response.end(JSON.stringify(caller))
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      const { status, headers, body } = problemResponse(error.code, error.extras, problemOptions)
      response.writeHead(status, headers).end(JSON.stringify(body))
    }
  }
}
