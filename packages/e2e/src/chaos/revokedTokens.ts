/** Those who were thrown out try their old tokens everywhere: at once when a revocation was answered, and later again. */

import type { ResourcePlace } from './cluster.ts'
import { type ChaosContext, keepActing, pause } from './context.ts'
import { certainlyCovers } from './coverage.ts'
import type { Revocation } from './history.ts'
import { randomOf } from './random.ts'
import type { Leftover, LiveSession } from './sessionPool.ts'
import { ask } from './timedRequest.ts'

/** A frozen process answers after its thaw: that is of interest, but not for ever. */
const timeoutMs = 6000
const triedAtOnce = 4

/** Tries leftovers until the load ends. */
export async function trespasser(scene: ChaosContext, name: string): Promise<void> {
  const random = randomOf(scene.seed, name)
  await keepActing(scene, async () => {
    await pause(scene, random, [15, 45])
    const { leftovers } = scene.people
    if (leftovers.length === 0) return
    // One frozen resource must not keep it from trying the others.
    scene.inBackground(tryToken(scene, random.pick(leftovers), random.pick(scene.stage.resources)))
  })
}

/** The moment after the answer, when a mistake shows best: tokens that it covers are tried at every resource. */
export async function tryCovered(scene: ChaosContext, revocation: Revocation): Promise<void> {
  const covered = [...scene.people.live.values()].filter(session => certainlyCovers(revocation, session))
  const gone = scene.people.leftovers.filter(({ sid }) => sid === revocation.sid)
  const tokens = [...covered.flatMap(newest), ...gone].slice(0, triedAtOnce)
  await Promise.all(tokens.flatMap(token => scene.stage.resources.map(place => tryToken(scene, token, place))))
}

function newest({ sid, user, accessTokens }: LiveSession): Leftover[] {
  return accessTokens.slice(-1).map(accessToken => ({ sid, user, accessToken }))
}

async function tryToken(
  { stage }: ChaosContext,
  { sid, user, accessToken }: Leftover,
  place: ResourcePlace,
): Promise<void> {
  const { startMs, endMs, told } = await ask(place.call, '/storage', { token: accessToken, timeoutMs: timeoutMs })
  stage.note({ kind: 'request', resource: place.name, sid, user, startMs, endMs, told })
}
