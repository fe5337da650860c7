/** A caller that revokes sessions, accounts and all sessions, sometimes several at once. */
import type { Replica } from './replica.ts'
import { type RevocationRequest, users } from './tables.ts'
import type { World } from './world.ts'

export function startRevoking(
  world: World,
  { replicas, sids }: { replicas: readonly Replica[]; sids: readonly string[] },
): void {
  const { timeline, random, durations, trace } = world

  const choose = (): RevocationRequest => {
    if (sids.length > 0 && random.happens(0.6)) return { kind: 'session', sid: random.pick(sids.slice(-6)) }
    if (random.happens(0.1)) return { kind: 'global' }
    if (random.happens(0.2)) return { kind: 'key' }
    return {
      kind: 'user',
      user: random.pick(users),
      change: random.pick(['end', 'disable', 'enable', 'enable', 'supersede']),
    }
  }
  const revokeNow = () => {
    const count = random.happens(0.15) ? random.whole(4, 9) : 1
    for (let index = 0; index < count; index += 1) {
      const chosen = choose()
      trace('admin', () => `revokes ${JSON.stringify(chosen)}`)
      random.pick(replicas).revoke(chosen)
    }
    if (timeline.trueMs() < durations.stormMs) timeline.after(random.between(20, 700), revokeNow)
  }
  timeline.after(random.between(50, 400), revokeNow)
}
