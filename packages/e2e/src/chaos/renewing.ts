/** Renews as an honest client does: answers get lost, two tabs ask at once, and it repeats until it is told something. */
import { createHash, randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { Tokens } from '../system.ts'
import { signsOut } from './checker.ts'
import { type ChaosContext, pause } from './context.ts'
import type { Random } from './random.ts'
import { type LiveSession, takeAccessToken } from './sessionPool.ts'
import { ask } from './timedRequest.ts'

export interface Renewing {
  session: LiveSession
  /** Whether this client keeps an `Idempotency-Key` until it has the answer. */
  hasKey: boolean
  random: Random
}

const defaultTimeoutMs = 2500

/** Whether the session goes on; as far as is known, when the load ends in the middle of it. */
export async function renew(scene: ChaosContext, { session, hasKey, random }: Renewing): Promise<boolean> {
  const attempt = { key: hasKey ? randomUUID() : undefined, firstMs: systemClock.nowMs(), random }
  for (let isFirst = true; !scene.stopping.aborted; isFirst = false) {
    // An answer that is not waited for is lost, after the renewal or before it.
    const timeoutMs = isFirst && random.happens(0.3) ? Math.ceil(random.between(1, 30)) : defaultTimeoutMs
    const tabs = isFirst && random.happens(0.2) ? 2 : 1
    const told = await Promise.all(
      Array.from({ length: tabs }, () => tryOnce(scene, session, { ...attempt, timeoutMs })),
    )
    const tokens = told.find(one => typeof one === 'object')
    if (typeof tokens === 'object') {
      session.refreshToken = tokens.refreshToken
      takeAccessToken(session, tokens.accessToken)
      return true
    }
    if (told.some(one => typeof one === 'string' && signsOut(one))) return false
    await pause(scene, random, [50, 250])
  }
  return true
}

interface Attempt {
  key: string | undefined
  firstMs: number
  random: Random
  timeoutMs: number
}

async function tryOnce(
  { stage }: ChaosContext,
  { sid, user, refreshToken }: LiveSession,
  { key, firstMs, random, timeoutMs }: Attempt,
): Promise<Tokens | string> {
  const headers = key === undefined ? {} : { 'idempotency-key': key }
  const { startMs, endMs, told, body } = await ask(random.pick(stage.auths).call, '/session/renew', {
    body: { refreshToken },
    headers,
    timeoutMs,
  })
  const tokens = told === 'ok' ? (body as Tokens) : null
  stage.note({
    ...{ kind: 'rotation', sid, user, startMs, endMs, told, firstMs, hasKey: key !== undefined },
    presented: fingerprint(refreshToken),
    successor: tokens && fingerprint(tokens.refreshToken),
  })
  return tokens ?? told
}

function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 12)
}
