/**
 * Renewal: one at a time in a tab or process, and no lock between them. A refresh token is presented only after it was stored,
 * and always with the key from the stored record. A repeated renewal therefore leads to the same successor, whichever tab
 * sends it and however late.
 */
import { call } from './calls.ts'
import { ClientError, endsSession, type ProblemError } from './errors.ts'
import { createPauses } from './pauses.ts'
import type { Tokens } from './records.ts'
import { accept, adopt, type Core, end, isFresh, setState } from './session.ts'
import { completeSignOut } from './signOut.ts'

/** Joins the renewal that is under way, or begins one. */
export function renew(core: Core): Promise<void> {
  const { calls } = core
  calls.renewal ??= run(core).finally(() => {
    calls.renewal = undefined
  })
  return calls.renewal
}

async function run(core: Core): Promise<void> {
  const { clock, records } = core
  // Once it is aborted, the session has changed, or what this renewal is for has come from elsewhere.
  const { signal } = core.calls
  const pause = createPauses(core)
  let answer: Tokens | ProblemError | undefined
  for (;;) {
    const record = await records.read()
    signal.throwIfAborted()
    const { key, refreshToken } = record
    if (!key) {
      completeSignOut(core)
      return end(core, record.isSignedOut ? 'signed-out' : 'refresh-missing')
    }
    if (adopt(core, record)) return
    if (clock.nowMs() < core.resumeAtMs) {
      if (!isFresh(core)) setState(core, { status: 'unreachable', sinceMs: clock.wallMs() })
      throw new ClientError('unreachable', answer)
    }

    // The cookie transport cannot see the token: its key is the same for the whole session.
    answer = await call(core, 'POST', { refreshToken }, key + (refreshToken ?? '').slice(-24))
    signal.throwIfAborted()
    const problem = answer?.problem
    if (answer && (!problem || endsSession(problem))) {
      const latest = await records.read()
      signal.throwIfAborted()
      // Another tab has signed in or out, or has renewed: its record counts.
      if (latest.key !== key || latest.refreshToken !== refreshToken) continue
      if (problem) throw await endWith(core, answer)
      await records.write({ ...answer, key }, 'renewal')
      signal.throwIfAborted()
      return accept(core, answer, 'renewed')
    }
    if (problem && problem.action !== 'retry') throw answer
    core.resumeAtMs = await pause(answer, signal)
  }
}

/** Ends the session that a problem is about, and clears its record. */
export async function endWith(core: Core, problem: ProblemError): Promise<ProblemError> {
  const { access } = core
  end(core, problem.code)
  if ((await core.records.read()).sessionId === access?.sessionId) await core.records.write({})
  return problem
}

/**
 * The access token, renewed if it has expired or may have; undefined when signed out.
 * @param signal the caller leaves when it is aborted; the renewal goes on for the others
 */
export async function getToken(core: Core, signal?: AbortSignal): Promise<string | undefined> {
  const { generation } = core
  const isSettled = (wallMs?: number) => core.state.status === 'signed-out' || isFresh(core, wallMs)
  if (!isSettled()) {
    await new Promise<void>((resolve, reject) => {
      // An early or doubtful renewal failed: the token that is there may still be good, and the service decides.
      renew(core).then(resolve, error => (generation === core.generation && isSettled(0) ? resolve() : reject(error)))
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  }
  return core.access?.accessToken
}
