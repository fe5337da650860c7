/** Somebody revokes all the time: sessions, accounts, everyone; and people log out. */

import { systemClock } from '@gatehouse/clock'
import type { Receipt } from '@gatehouse/contract'
import type { CallOptions } from '@gatehouse/testkit'
import type { Tokens } from '../system.ts'
import { bounds, databaseTimeoutMs } from './cluster.ts'
import { type ChaosContext, keepActing, pause } from './context.ts'
import type { Act, Revocation, Standing } from './history.ts'
import { type Random, randomOf } from './random.ts'
import { tryCovered } from './revokedTokens.ts'
import type { LiveSession } from './sessionPool.ts'
import { ask } from './timedRequest.ts'

/** The service itself gives up after lease, margin and one statement; then comes its answer. */
const barrierPatienceMs = bounds.leaseMs + bounds.marginMs + databaseTimeoutMs
const timeoutMs = barrierPatienceMs + 2 * databaseTimeoutMs + 2000

/** What is done how often. */
const lots: readonly Act[] = [
  ...Array<Act>(9).fill('end-one'),
  ...Array<Act>(4).fill('end-all'),
  ...Array<Act>(3).fill('disable'),
  ...Array<Act>(3).fill('end-others'),
  'global',
]

interface Revoker {
  random: Random
  accessToken: string | null
}

/** Users that one revoker has disabled: no other touches them until they are enabled again. */
export type Disabled = Set<string>

export async function revoker(scene: ChaosContext, name: string, disabled: Disabled): Promise<void> {
  const self: Revoker = { random: randomOf(scene.seed, name), accessToken: null }
  await keepActing(scene, async () => {
    await pause(scene, self.random, [100, 500])
    const sessions = [...scene.people.live.values()].filter(({ user }) => !disabled.has(user))
    if (sessions.length === 0) return
    const session = self.random.pick(sessions)
    const act = self.random.pick(lots)
    if (act === 'disable') await disableAndEnable(scene, self, { session, disabled })
    else await revoke(scene, self, { act, session })
  })
}

async function disableAndEnable(
  scene: ChaosContext,
  self: Revoker,
  { session, disabled }: { session: LiveSession; disabled: Disabled },
): Promise<void> {
  disabled.add(session.user)
  await revoke(scene, self, { act: 'disable', session })
  await pause(scene, self.random, [100, 1500])
  // Even when the load has ended: whoever was disabled must get in again.
  for (let triesLeft = 40; triesLeft > 0; triesLeft -= 1) {
    if (isKnown(await revoke(scene, self, { act: 'enable', session }))) break
    await systemClock.sleep(200)
  }
  disabled.delete(session.user)
}

function isKnown(standing: Standing | 'refused'): boolean {
  return standing === 'in-force' || standing === 'not-yet'
}

/** What an admin or a person whose own session was ended meanwhile is told: nothing was revoked then. */
const refusals = ['session-ended', 'token-expired', 'account-disabled']

async function revoke(
  scene: ChaosContext,
  self: Revoker,
  { act, session }: { act: Act; session: LiveSession },
): Promise<Standing | 'refused'> {
  const { stage } = scene
  const place = self.random.pick(stage.auths)
  const token = act === 'end-others' ? session.accessTokens.at(-1) : await adminToken(scene, self)
  if (token === undefined || token === null) return 'refused'
  const { path, ...options } = questionOf(act, session)
  const { startMs, endMs, told, status, body } = await ask(place.call, path, {
    ...options,
    token,
    timeoutMs: timeoutMs,
  })
  if (status !== null && status >= 400 && status < 500) {
    if (!refusals.includes(told)) throw new Error(`${path} answered ${told}: the run asks for the wrong thing`)
    self.accessToken = null
    return 'refused'
  }
  const receipt = told === 'ok' ? (body as Pick<Receipt, 'inForce' | 'waitedMs'>) : null
  const standing = receipt === null ? 'unknown' : receipt.inForce ? 'in-force' : 'not-yet'
  const { sid, user } = subjectOf(act, session)
  const waitedMs = receipt?.waitedMs ?? 0
  tell(scene, { kind: 'revocation', act, sid, user, auth: place.name, standing, told, waitedMs, startMs, endMs })
  return standing
}

function questionOf(act: Act, { sid, user }: LiveSession): CallOptions & { path: string } {
  const body = {}
  switch (act) {
    case 'end-one':
      return { path: `/admin/sessions/${sid}/end`, body }
    case 'end-others':
      return { path: '/sessions?others=true', method: 'DELETE' }
    case 'end-all':
      return { path: `/admin/users/${user}/sessions/end`, body }
    case 'disable':
    case 'enable':
      return { path: `/admin/users/${user}/${act}`, body }
    case 'global':
      return { path: '/admin/sessions/end-all', body: { confirm: 'end every session' } }
    case 'log-out':
      throw new Error('a log-out is no act of a revoker')
  }
}

function subjectOf(act: Act, { sid, user }: LiveSession): Pick<Revocation, 'sid' | 'user'> {
  if (act === 'global') return { sid: null, user: null }
  return { sid: act === 'end-one' || act === 'end-others' ? sid : null, user }
}

function tell(scene: ChaosContext, revocation: Revocation): void {
  scene.stage.note(revocation)
  if (revocation.standing === 'in-force') scene.inBackground(tryCovered(scene, revocation))
}

async function adminToken({ stage }: ChaosContext, self: Revoker): Promise<string | null> {
  if (self.accessToken !== null) return self.accessToken
  const { call } = self.random.pick(stage.auths)
  const { told, body } = await ask(call, '/session', { body: { ...stage.admin, transport: 'body' }, timeoutMs: 2500 })
  self.accessToken = told === 'ok' ? (body as Tokens).accessToken : null
  return self.accessToken
}

/** A client's own. It is told no more than that it is done: sooner than the service's patience, that means in force. */
export async function logOut(scene: ChaosContext, session: LiveSession, random: Random): Promise<void> {
  const { sid, user, refreshToken } = session
  const place = random.pick(scene.stage.auths)
  const { startMs, endMs, told } = await ask(place.call, '/session', {
    method: 'DELETE',
    body: { refreshToken },
    timeoutMs: timeoutMs,
  })
  const waitedMs = Math.round(endMs - startMs)
  const done = waitedMs < barrierPatienceMs ? 'in-force' : 'not-yet'
  const standing = told === 'ok' ? done : 'unknown'
  tell(scene, {
    kind: 'revocation',
    act: 'log-out',
    sid,
    user,
    auth: place.name,
    standing,
    told,
    waitedMs,
    startMs,
    endMs,
  })
}
