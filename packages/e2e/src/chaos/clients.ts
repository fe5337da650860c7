/** Clients that log in, call, renew and log out, and follow the `action` of each problem. */
import { type Random, randomOf } from '@gatehouse/testkit'
import type { Login, Tokens } from '../system.ts'
import { signsOut } from './checker.ts'
import { type ChaosContext, pause, repeatUntilStopped } from './context.ts'
import { renew } from './renewing.ts'
import { logOut } from './revoking.ts'
import { type LiveSession, takeAccessToken } from './sessionPool.ts'
import { slowRequest } from './slowRequest.ts'
import { timedRequest } from './timedRequest.ts'

const timeoutMs = 2500
const idleMs: [number, number] = [30, 110]
/** Long enough for a revocation to get in force during the pause. */
const bodyPauseMs: [number, number] = [50, 1500]

export interface ClientOptions {
  name: string
  credentials: Login
  /** Whether the client sends an `Idempotency-Key`, or relies on the retry window. */
  hasKey: boolean
}

/** Runs one session after the other until the load ends. */
export async function client(context: ChaosContext, { name, credentials, hasKey }: ClientOptions): Promise<void> {
  const random = randomOf(context.seed, name)
  await repeatUntilStopped(context, async () => {
    const session = await logIn(context, credentials, random)
    await pause(context, random, session ? idleMs : [200, 500])
    if (session === null) return
    context.sessionPool.start(session)
    await live(context, session, { hasKey, random })
    context.sessionPool.remove(session)
  })
}

async function logIn(
  { cluster, sessionPool }: ChaosContext,
  credentials: Login,
  random: Random,
): Promise<LiveSession | null> {
  const { startMs, endMs, result, body } = await timedRequest(random.pick(cluster.auths).call, '/session', {
    body: { ...credentials, transport: 'body' },
    timeoutMs: timeoutMs,
  })
  const tokens = result === 'ok' ? (body as Tokens) : null
  const user = sessionPool.users.get(credentials.email) ?? ''
  cluster.record({ kind: 'login', user, sid: tokens?.sessionId ?? null, startMs, endMs, result })
  if (tokens === null) return null
  const session = { sid: tokens.sessionId, user, startMs, endMs, refreshToken: tokens.refreshToken, accessTokens: [] }
  takeAccessToken(session, tokens.accessToken)
  return session
}

/** Uses a session until the client is signed out, logs out, or the load ends. */
async function live(
  context: ChaosContext,
  session: LiveSession,
  { hasKey, random }: { hasKey: boolean; random: Random },
): Promise<void> {
  while (!context.stopping.aborted) {
    if (random.happens(0.004)) return logOut(context, session, random)
    const result = await call(context, session, random)
    if (signsOut(result)) return
    const wantsToken = result === 'token-expired' || random.happens(0.12)
    if (wantsToken && !(await renew(context, { session, hasKey, random }))) return
    await pause(context, random, result === 'revocation-unknown' ? [100, 300] : idleMs)
  }
}

async function call(
  { cluster }: ChaosContext,
  { sid, user, accessTokens }: LiveSession,
  random: Random,
): Promise<string> {
  const { name, port, call: callResource } = random.pick(cluster.resources)
  const token = accessTokens.at(-1) ?? ''
  const pauseMs = random.happens(0.1) ? random.between(...bodyPauseMs) : null
  const { startMs, endMs, result, sentMs } =
    pauseMs === null
      ? { ...(await timedRequest(callResource, '/storage', { token, timeoutMs })), sentMs: null }
      : await slowRequest({ port, path: '/storage', token, body: { item: 'rope' }, pauseMs, timeoutMs })
  cluster.record({ kind: 'request', resource: name, sid, user, startMs, endMs, sentMs, result })
  return result
}
