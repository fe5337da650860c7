/** Clients: they log in, call, renew and log out, and obey what they are told. */
import type { Login, Tokens } from '../system.ts'
import { signsOut } from './checker.ts'
import { type ChaosContext, keepActing, pause } from './context.ts'
import { type Random, randomOf } from './random.ts'
import { renew } from './renewing.ts'
import { logOut } from './revoking.ts'
import { type LiveSession, takeAccessToken } from './sessionPool.ts'
import { ask } from './timedRequest.ts'

const timeoutMs = 2500
const idleMs: [number, number] = [30, 110]

export interface ClientOptions {
  name: string
  who: Login
  /** Whether it keeps an `Idempotency-Key` until it has the answer, or relies on the retry window. */
  hasKey: boolean
}

/** One client, until the load ends: session after session. */
export async function client(scene: ChaosContext, { name, who, hasKey }: ClientOptions): Promise<void> {
  const random = randomOf(scene.seed, name)
  await keepActing(scene, async () => {
    const session = await logIn(scene, who, random)
    await pause(scene, random, session ? idleMs : [200, 500])
    if (session === null) return
    scene.people.enter(session)
    await live(scene, session, { hasKey, random })
    scene.people.leave(session)
  })
}

async function logIn({ stage, people }: ChaosContext, who: Login, random: Random): Promise<LiveSession | null> {
  const { startMs, endMs, told, body } = await ask(random.pick(stage.auths).call, '/session', {
    body: { ...who, transport: 'body' },
    timeoutMs: timeoutMs,
  })
  const tokens = told === 'ok' ? (body as Tokens) : null
  const user = people.users.get(who.email) ?? ''
  stage.note({ kind: 'login', user, sid: tokens?.sessionId ?? null, startMs, endMs, told })
  if (tokens === null) return null
  const session = { sid: tokens.sessionId, user, startMs, endMs, refreshToken: tokens.refreshToken, accessTokens: [] }
  takeAccessToken(session, tokens.accessToken)
  return session
}

/** Until it is signed out, logs out, or the load ends. */
async function live(
  scene: ChaosContext,
  session: LiveSession,
  { hasKey, random }: { hasKey: boolean; random: Random },
): Promise<void> {
  while (!scene.stopping.aborted) {
    if (random.happens(0.004)) return logOut(scene, session, random)
    const told = await call(scene, session, random)
    if (signsOut(told)) return
    const wantsToken = told === 'token-expired' || random.happens(0.12)
    if (wantsToken && !(await renew(scene, { session, hasKey, random }))) return
    await pause(scene, random, told === 'revocation-unknown' ? [100, 300] : idleMs)
  }
}

async function call(
  { stage }: ChaosContext,
  { sid, user, accessTokens }: LiveSession,
  random: Random,
): Promise<string> {
  const { name, call: callIt } = random.pick(stage.resources)
  const token = accessTokens.at(-1) ?? ''
  const { startMs, endMs, told } = await ask(callIt, '/storage', { token, timeoutMs: timeoutMs })
  stage.note({ kind: 'request', resource: name, sid, user, startMs, endMs, told })
  return told
}
