/** A guarded service on a real port, beside a small auth service, with a clock that the test moves. */
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Action, type Outcome, Problem, Refusal, rowOf } from '@gatehouse/contract'
import {
  createGuard,
  fastifyDefaults,
  type Guard,
  type GuardOptions,
  guard,
  refusals,
  strictRequests,
} from '@gatehouse/guard'
import { type HandClock, handClock } from '@gatehouse/testkit'
import fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { Compile } from 'typebox/schema'
import { clientId, clientSecret, type SmallAuth, smallAuth } from './smallAuth.ts'
import { audience, claimsAt, issuer, type SigningKey, signingKey, tokenOf } from './tokens.ts'

export interface Answered {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

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
/** Some moment, at which the hand-moved clock starts. */
export const startMs = 1_790_000_000_000

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

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

export function send(port: number, path: string, headers: Record<string, string | string[]>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, path, headers, host: '127.0.0.1', agent: false }, async response => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: await text(response) })
    })
    request.on('error', reject).end()
  })
}

const isProblem = Compile(Problem)

/** What an answer must be to say this outcome: status, code, action, challenge, cache, all of it from the table. */
export function saysOutcome(answered: Answered, outcome: Outcome): string | null {
  const row = rowOf(outcome)
  if (answered.status !== row.status) return `status ${answered.status}: ${answered.text}`
  const body: { code?: string; action?: Action } = JSON.parse(answered.text)
  if (!isProblem.Check(body)) return `not a problem: ${answered.text}`
  if (body.code !== outcome || body.action !== row.action) return `${body.code}, ${body.action}`
  const { headers } = answered
  if (headers['content-type'] !== 'application/problem+json') return `type ${headers['content-type']}`
  if (headers['cache-control'] !== 'no-store') return 'can be cached'
  if (row.status === 401 && !String(headers['www-authenticate']).startsWith('Bearer realm="warehouse"'))
    return 'no challenge'
  if (row.action === 'retry' && headers['retry-after'] === undefined) return 'no Retry-After'
  return null
}

/** The outcome with which something is refused; null when it is not. */
export async function outcomeOf(act: () => unknown): Promise<Outcome | null> {
  try {
    await act()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.outcome
    throw error
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
