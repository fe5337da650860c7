/** Starts a guarded server of node:http with a fake auth service and a fake clock. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ProblemError, problemResponse } from '@gatehouse/contract'
import { createGuard, type Guard, type GuardOptions, parseRouteRule, type RouteRule } from '@gatehouse/guard-core'
import { prometheusMetrics } from '@gatehouse/guard-core/prometheus'
import { type FakeClock, type GuardFixture, guardFixture, type RawResponse, send, untilReady } from '@gatehouse/testkit'
import { Registry } from 'prom-client'
import type { Test } from 'tap'

export interface Guarded extends GuardFixture {
  guard: Guard
  metrics: Registry
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
  const fixture = await guardFixture()
  const metrics = new Registry()
  const guard = createGuard({ ...fixture.guardOptions, metrics: prometheusMetrics(metrics), ...over })
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
    ...fixture,
    guard,
    metrics,
    close,
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await close()
      await fixture.auth.stop()
    },
  }
}

/** A guarded service whose guard holds a lease and waits in a held poll; stopped when the test ends. */
export async function readyService(t: Test, options: Partial<GuardOptions> = {}): Promise<Guarded> {
  return untilReady(t, await guarded(options))
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
