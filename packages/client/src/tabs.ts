/** Messages between the tabs of an origin: what one tab receives, the others use instead of renewing. It requests nothing. */
import type { Tokens } from './records.ts'
import { abortCalls, adopt, type Event, end, type Hook } from './session.ts'
import { completeSignOut } from './signOut.ts'
import type { Channel, Client, SignedOutReason } from './types.ts'

type Message = [event: Event, access: Tokens, why?: SignedOutReason | undefined]

/**
 * Makes a renewal, a sign-in and a sign-out of one tab known to the others. Required wherever several clients share a
 * session: without it they would renew one after the other, and a slow call of one could present a token that is two
 * generations old, which is reuse.
 * @param channel a BroadcastChannel of this auth service unless given
 */
export function tabs({ core }: Client, channel: Channel = new BroadcastChannel(`gatehouse ${core.auth}`)): void {
  const { clock, hooks, records } = core
  const hook: Hook = (event, access, why) => {
    if (event === 'closed') {
      hooks.delete(hook)
      channel.close()
    }
    if (!access || event === 'adopted') return
    // Other tabs read refresh tokens from the store.
    channel.postMessage([event, { ...access, refreshToken: undefined }, why] satisfies Message)
  }
  hooks.add(hook)

  channel.onmessage = ({ data }: { data: Message }) => {
    const [event, access, why = 'signed-out'] = data
    const isSame = core.access?.sessionId === access.sessionId
    if (event === 'signed-out') {
      if (!isSame) return
      end(core, why)
      if (why === 'signed-out') markAgain(access)
    } else if (isSame || event === 'signed-in' || (!core.access && core.state.status !== 'signed-out')) {
      // It arrived just now, so it has not expired whatever the wall clock says.
      const isNew = adopt(core, access) || adopt(core, { ...access, wallMs: clock.wallMs() })
      // A renewal that is under way has nothing left to do, and its token is about to be two generations old.
      if (isNew) abortCalls(core)
    }
  }

  /** A renewal of this tab may have written its record over the mark of the sign-out. */
  async function markAgain(access: Tokens): Promise<void> {
    const { refreshToken, sessionId } = await records.read()
    if (sessionId !== access.sessionId) return
    await records.write({ refreshToken, isSignedOut: true })
    await completeSignOut(core)
  }
}
