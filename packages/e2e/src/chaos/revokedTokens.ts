/** Replays revoked access tokens at every resource: right after the receipt, and again later. */

import { randomOf } from '@gatehouse/testkit'
import type { ResourceSlot } from './cluster.ts'
import { type ChaosContext, pause, repeatUntilStopped } from './context.ts'
import { certainlyCovers } from './coverage.ts'
import type { Revocation } from './history.ts'
import type { LiveSession, RevokedToken } from './sessionPool.ts'
import { timedRequest } from './timedRequest.ts'

/** Long enough for the answer of a frozen process after its thaw. */
const timeoutMs = 6000
const maxReplayed = 4

/** Replays random revoked tokens until the load ends. */
export async function replayer(context: ChaosContext, name: string): Promise<void> {
  const random = randomOf(context.seed, name)
  await repeatUntilStopped(context, async () => {
    await pause(context, random, [15, 45])
    const { revokedTokens } = context.sessionPool
    if (revokedTokens.length === 0) return
    // In the background, so that a frozen resource does not delay the next replay.
    context.inBackground(replay(context, random.pick(revokedTokens), random.pick(context.cluster.resources)))
  })
}

/** Replays covered tokens at every resource right after the receipt. */
export async function replayCovered(context: ChaosContext, revocation: Revocation): Promise<void> {
  const covered = [...context.sessionPool.live.values()].filter(session => certainlyCovers(revocation, session))
  const ofEndedSession = context.sessionPool.revokedTokens.filter(({ sid }) => sid === revocation.sid)
  const tokens = [...covered.flatMap(newest), ...ofEndedSession].slice(0, maxReplayed)
  await Promise.all(tokens.flatMap(token => context.cluster.resources.map(slot => replay(context, token, slot))))
}

function newest({ sid, user, accessTokens }: LiveSession): RevokedToken[] {
  return accessTokens.slice(-1).map(accessToken => ({ sid, user, accessToken }))
}

async function replay(
  { cluster }: ChaosContext,
  { sid, user, accessToken }: RevokedToken,
  slot: ResourceSlot,
): Promise<void> {
  const { startMs, endMs, result } = await timedRequest(slot.call, '/storage', {
    token: accessToken,
    timeoutMs: timeoutMs,
  })
  cluster.record({ kind: 'request', resource: slot.name, sid, user, startMs, endMs, sentMs: null, result })
}
