/** Guards of a service: real ones, and one as the feed sees it, with an id, credentials and polls. */
import { randomUUID } from 'node:crypto'
import type { PollResponse } from '@gatehouse/contract'
import { createGuard, type Guard, type GuardedRequest, parseRouteRule } from '@gatehouse/guard-core'
import type { HttpResponse } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { guardSecret, issuer, type TestService } from './service.ts'

/** Of a route that every caller may use. */
export const rule = parseRouteRule({}, 'GET /storage')

/** A real guard that holds a lease. */
export async function startGuard(t: Test, service: Pick<TestService, 'url'>, more: object = {}): Promise<Guard> {
  const guard = createGuard({
    issuer,
    audience: 'gatehouse',
    authUrls: [service.url],
    clientId: 'guards',
    clientSecret: guardSecret,
    jwksUrl: `${service.url}/.well-known/jwks.json`,
    ...more,
  })
  guard.start()
  t.teardown(() => guard.stop())
  await guard.ready()
  return guard
}

export const requestWith = (accessToken: string): GuardedRequest => ({ authorization: `Bearer ${accessToken}` })

/** @returns the code of the guard's refusal, or `pass` */
export async function decide(guard: Guard, accessToken: string): Promise<string> {
  try {
    await guard.check(requestWith(accessToken), rule)
    return 'pass'
  } catch (error) {
    return (error as { code: string }).code
  }
}

export interface TestGuard {
  id: string
  poll: (more?: object, headers?: Record<string, string>) => Promise<HttpResponse>
  /** Sends a poll that must be answered with 200. */
  pollAccepted: (more?: object) => Promise<PollResponse>
  /** Polls until the guard has its first lease; later polls are held. */
  start: () => Promise<{ feedId: string; after: number }>
}

/** @param authorization the Authorization header; that of the service's guard client by default */
export function testGuard(
  { call, guardCredentials }: Pick<TestService, 'call' | 'guardCredentials'>,
  { id = randomUUID(), authorization = guardCredentials }: { id?: string; authorization?: string } = {},
): TestGuard {
  const poll: TestGuard['poll'] = (more = {}, headers = {}) => {
    const body = { guard: id, name: 'test', version: '1', ...more }
    return call('/guards/poll', { body, headers: { authorization, ...headers } })
  }
  const pollAccepted = async (more: object = {}) => {
    const { status, body } = await poll(more)
    if (status !== 200) throw new Error(`the poll was refused: ${JSON.stringify(body)}`)
    return body as PollResponse
  }
  const start = async () => {
    let { feedId, head: after } = await pollAccepted()
    while ((await pollAccepted({ feedId, after })).leaseMs === 0) after = (await pollAccepted()).head
    return { feedId, after }
  }
  return { id, poll, pollAccepted, start }
}

/** Appends entries about sessions that do not exist, without a notification. */
export async function appendEntries({ database }: Pick<TestService, 'database'>, count: number): Promise<void> {
  await database.pool.query(
    `WITH clock AS (UPDATE revocation_clock SET head = head + $1::int RETURNING head)
     INSERT INTO revocations (seq, kind, subject, effect, expires_at)
     SELECT clock.head - $1::int + place, 'session', gen_random_uuid(), 'ended', clock_timestamp() + interval '1 hour'
       FROM clock, generate_series(1, $1::int) AS place`,
    [count],
  )
}
