/** Renews as a correct client does: it loses answers, renews from two tabs, and retries. */

import { createHash, randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { Random } from '@gatehouse/testkit'
import type { Tokens } from '../system.ts'
import { signsOut } from './checker.ts'
import { type ChaosContext, pause } from './context.ts'
import { type LiveSession, takeAccessToken } from './sessionPool.ts'
import { slowRequest } from './slowRequest.ts'
import { timedRequest } from './timedRequest.ts'

export interface Renewing {
  session: LiveSession
  /** Whether the client sends one `Idempotency-Key` until it has an answer. */
  hasKey: boolean
  random: Random
}

const defaultTimeoutMs = 2500

/** @returns whether the session continues; true when the load ends before the answer */
export async function renew(context: ChaosContext, { session, hasKey, random }: Renewing): Promise<boolean> {
  const attemptOptions = { key: hasKey ? randomUUID() : undefined, firstMs: systemClock.nowMs(), random }
  for (let isFirst = true; !context.stopping.aborted; isFirst = false) {
    // With a short time-out the client loses the answer, before or after the server has rotated.
    const timeoutMs = isFirst && random.happens(0.3) ? Math.ceil(random.between(1, 30)) : defaultTimeoutMs
    const tabs = isFirst && random.happens(0.2) ? 2 : 1
    const result = await Promise.all(
      Array.from({ length: tabs }, () => attemptRenewal(context, session, { ...attemptOptions, timeoutMs })),
    )
    const tokens = result.find(event => typeof event === 'object')
    if (typeof tokens === 'object') {
      session.refreshToken = tokens.refreshToken
      takeAccessToken(session, tokens.accessToken)
      return true
    }
    if (result.some(event => typeof event === 'string' && signsOut(event))) return false
    await pause(context, random, [50, 250])
  }
  return true
}

interface RenewalAttempt {
  key: string | undefined
  firstMs: number
  random: Random
  timeoutMs: number
}

async function attemptRenewal(
  { cluster }: ChaosContext,
  { sid, user, refreshToken }: LiveSession,
  { key, firstMs, random, timeoutMs }: RenewalAttempt,
): Promise<Tokens | string> {
  const headers = key === undefined ? {} : { 'idempotency-key': key }
  const { call, port } = random.pick(cluster.auths)
  const path = '/session/renew'
  const pauseMs = random.happens(0.1) ? random.between(50, 1000) : null
  const { startMs, endMs, result, body, sentMs } =
    pauseMs === null
      ? { ...(await timedRequest(call, path, { body: { refreshToken }, headers, timeoutMs })), sentMs: null }
      : await slowRequest({ port, path, body: { refreshToken }, headers, pauseMs, timeoutMs })
  const tokens = result === 'ok' ? (body as Tokens) : null
  cluster.record({
    kind: 'renewal',
    sid,
    user,
    startMs,
    endMs,
    sentMs,
    result,
    firstMs,
    hasKey: key !== undefined,
    presented: fingerprint(refreshToken),
    successor: tokens && fingerprint(tokens.refreshToken),
  })
  return tokens ?? result
}

function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 12)
}
