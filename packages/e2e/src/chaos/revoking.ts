/** Revokes sessions, accounts and everything, all through the run; also the log-out of a client. */

import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import { type CallOptions, type Random, randomOf } from '@gatehouse/testkit'
import type { Tokens } from '../system.ts'
import { bounds, databaseTimeoutMs } from './cluster.ts'
import { type ChaosContext, pause, repeatUntilStopped } from './context.ts'
import type { BarrierResult, Revocation, RevocationMethod } from './history.ts'
import { replayCovered } from './revokedTokens.ts'
import type { LiveSession } from './sessionPool.ts'
import { timedRequest } from './timedRequest.ts'

/** The service stops waiting after lease, margin and one statement, and then answers. */
const barrierTimeoutMs = bounds.leaseMs + bounds.marginMs + databaseTimeoutMs
const timeoutMs = barrierTimeoutMs + 2 * databaseTimeoutMs + 2000

/** Each method as often as its weight. */
const weightedMethods: readonly RevocationMethod[] = [
  ...Array<RevocationMethod>(9).fill('end-one'),
  ...Array<RevocationMethod>(4).fill('end-all'),
  ...Array<RevocationMethod>(3).fill('disable'),
  ...Array<RevocationMethod>(3).fill('end-others'),
  'global',
]

interface Revoker {
  random: Random
  accessToken: string | null
}

/** Accounts that a revoker has disabled; the other one leaves them alone until the enable. */
export type Disabled = Set<string>

export async function revoker(context: ChaosContext, name: string, disabled: Disabled): Promise<void> {
  const self: Revoker = { random: randomOf(context.seed, name), accessToken: null }
  await repeatUntilStopped(context, async () => {
    await pause(context, self.random, [100, 500])
    const sessions = [...context.sessionPool.live.values()].filter(({ user }) => !disabled.has(user))
    if (sessions.length === 0) return
    const session = self.random.pick(sessions)
    const method = self.random.pick(weightedMethods)
    if (method === 'disable') await disableAndEnable(context, self, { session, disabled })
    else await revoke(context, self, { method, session })
  })
}

async function disableAndEnable(
  context: ChaosContext,
  self: Revoker,
  { session, disabled }: { session: LiveSession; disabled: Disabled },
): Promise<void> {
  disabled.add(session.user)
  await revoke(context, self, { method: 'disable', session })
  await pause(context, self.random, [100, 1500])
  // Also after the load has ended, so that no account stays disabled.
  for (let triesLeft = 40; triesLeft > 0; triesLeft -= 1) {
    if (isKnown(await revoke(context, self, { method: 'enable', session }))) break
    await systemClock.sleep(200)
  }
  disabled.delete(session.user)
}

function isKnown(barrierResult: BarrierResult | 'refused'): boolean {
  return barrierResult === 'in-force' || barrierResult === 'not-yet'
}

/** Answers to a caller whose own session has ended: nothing was revoked. */
const expectedRejections = ['session-ended', 'token-expired', 'account-disabled']

async function revoke(
  context: ChaosContext,
  self: Revoker,
  { method, session }: { method: RevocationMethod; session: LiveSession },
): Promise<BarrierResult | 'refused'> {
  const { cluster } = context
  const slot = self.random.pick(cluster.auths)
  const token = method === 'end-others' ? session.accessTokens.at(-1) : await adminToken(context, self)
  if (token === undefined || token === null) return 'refused'
  const { path, ...options } = requestFor(method, session)
  const { startMs, endMs, result, status, body } = await timedRequest(slot.call, path, {
    ...options,
    token,
    timeoutMs,
  })
  if (result === 'not-found' && method === 'end-one') {
    // Another revocation has ended the session, and housekeeping has deleted it.
    cluster.record({ kind: 'missing-session', sid: session.sid, user: session.user, startMs, endMs })
    return 'refused'
  }
  if (status !== null && status >= 400 && status < 500) {
    if (!expectedRejections.includes(result))
      throw new Error(`${path} answered ${result}, which is a fault of the chaos tool`)
    self.accessToken = null
    return 'refused'
  }
  const receipt = result === 'ok' ? (body as Pick<Receipt, 'inForce' | 'waitedMs'>) : null
  const barrierResult = receipt === null ? 'unknown' : receipt.inForce ? 'in-force' : 'not-yet'
  const { sid, user } = subjectOf(method, session)
  const waitedMs = receipt?.waitedMs ?? 0
  const about = { kind: 'revocation', method, sid, user, auth: slot.name } as const
  recordRevocation(context, { ...about, barrierResult, result, waitedMs, startMs, endMs })
  return barrierResult
}

function requestFor(method: RevocationMethod, { sid, user }: LiveSession): CallOptions & { path: string } {
  const body = {}
  switch (method) {
    case 'end-one':
      return { path: `/admin/sessions/${sid}/end`, body }
    case 'end-others':
      return { path: '/sessions?others=true', method: 'DELETE' }
    case 'end-all':
      return { path: `/admin/users/${user}/sessions/end`, body }
    case 'disable':
    case 'enable':
      return { path: `/admin/users/${user}/${method}`, body }
    case 'global':
      return { path: '/admin/sessions/end-all', body: { confirm: 'end every session' } }
    case 'log-out':
      throw new Error('a revoker does not log out')
  }
}

function subjectOf(method: RevocationMethod, { sid, user }: LiveSession): Pick<Revocation, 'sid' | 'user'> {
  if (method === 'global') return { sid: null, user: null }
  return { sid: method === 'end-one' || method === 'end-others' ? sid : null, user }
}

function recordRevocation(context: ChaosContext, revocation: Revocation): void {
  context.cluster.record(revocation)
  if (revocation.barrierResult === 'in-force') context.inBackground(replayCovered(context, revocation))
}

async function adminToken({ cluster }: ChaosContext, self: Revoker): Promise<string | null> {
  if (self.accessToken !== null) return self.accessToken
  const { call } = self.random.pick(cluster.auths)
  const { result, body } = await timedRequest(call, '/session', {
    body: { ...cluster.admin, transport: 'body' },
    timeoutMs: 2500,
  })
  self.accessToken = result === 'ok' ? (body as Tokens).accessToken : null
  return self.accessToken
}

/** Log-out answers 204 only: before the barrier's time-out, that means in force. */
export async function logOut(context: ChaosContext, session: LiveSession, random: Random): Promise<void> {
  const { sid, user, refreshToken } = session
  const slot = random.pick(context.cluster.auths)
  const { startMs, endMs, result } = await timedRequest(slot.call, '/session', {
    method: 'DELETE',
    body: { refreshToken },
    timeoutMs,
  })
  const waitedMs = Math.round(endMs - startMs)
  const done = waitedMs < barrierTimeoutMs ? 'in-force' : 'not-yet'
  const barrierResult = result === 'ok' ? done : 'unknown'
  const about = { kind: 'revocation', method: 'log-out', sid, user, auth: slot.name } as const
  recordRevocation(context, { ...about, barrierResult, result, waitedMs, startMs, endMs })
}
