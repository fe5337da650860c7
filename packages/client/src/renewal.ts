/**
 * Renewal: one at a time in a tab or process, and no lock between them. A refresh token is presented only after it was stored,
 * and always with the key from the stored record. A repeated renewal therefore leads to the same successor, whichever tab
 * sends it and however late.
 */
import { call } from './calls.ts'
import { ClientError, endsSession, type ProblemError } from './errors.ts'
import { pauseMs } from './requests.ts'
import { accept, adopt, assertGeneration, type Core, emit, end, isFresh, setState } from './session.ts'
import { completeSignOut } from './signOut.ts'

/** Joins the renewal that is under way, or begins one. An aborted waiter leaves without ending it for the others. */
export function renew(core: Core, signal?: AbortSignal): Promise<void> {
  const { calls } = core
  calls.renewal ??= run(core).finally(() => {
    calls.renewal = undefined
  })
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
  return Promise.race([calls.renewal, aborted])
}

async function run(core: Core): Promise<void> {
  const { clock, records, generation, transport } = core
  // Once it is aborted, the session has changed, or what this renewal is for has come from elsewhere.
  const { signal } = core.calls
  const giveUpAtMs = clock.nowMs() + core.timeLimitMs
  for (let attempt = 0; ; ) {
    const { key, ...record } = await records.read()
    if (signal.aborted) break
    const { refreshToken } = record
    if (record.isSignedOut) {
      end(core, 'signed-out')
      completeSignOut(core, record)
      return
    }
    if (transport === 'body' && !refreshToken) return end(core, 'refresh-missing')
    if (adopt(core, record)) return
    if (!key) {
      await records.write({ ...record, key: crypto.randomUUID() })
      continue
    }
    if (clock.nowMs() < core.pausedUntilMs) throw unreachable(core)

    // The cookie transport cannot see the token: its key is the same for the whole session.
    const answer = await call(core, 'POST', { refreshToken }, key + (refreshToken ?? '').slice(-24))
    if (signal.aborted) break
    const problem = answer?.problem && answer
    if (answer && (!problem || endsSession(problem))) {
      const latest = await records.read()
      if (signal.aborted) break
      const isLatest = latest.refreshToken === refreshToken
      // Another tab has signed in or out, or has renewed what is refused here: its record counts.
      if (latest.isSignedOut || latest.sessionId !== record.sessionId || (problem && !isLatest)) continue
      if (answer.problem) throw await over(core, answer)
      if (transport === 'body' && isLatest) await records.write({ ...answer, key }, 'renewal')
      if (signal.aborted) break
      return accept(core, answer, 'renewed')
    }
    if (problem && problem.problem.action !== 'retry') throw problem
    const waitMs = pauseMs(attempt++, problem)
    core.pausedUntilMs = clock.nowMs() + waitMs
    if (core.pausedUntilMs > giveUpAtMs) throw unreachable(core, problem)
    // A signal of its own for each pause, since listeners stay on a signal.
    await clock.sleep(waitMs, AbortSignal.any([signal]))
  }
  assertGeneration(core, generation)
}

function unreachable(core: Core, cause?: unknown): ClientError {
  if (!isFresh(core)) setState(core, { status: 'unreachable', sinceMs: core.clock.wallMs() })
  emit(core, 'unreachable')
  return new ClientError('unreachable', cause)
}

/** Ends the session that a problem is about, and clears its record. */
export async function over(core: Core, problem: ProblemError): Promise<ProblemError> {
  const sessionId = core.access?.sessionId
  end(core, problem.code)
  if ((await core.records.read()).sessionId === sessionId) await core.records.write({})
  return problem
}

/** The access token, renewed if it has expired or may have; undefined when signed out. */
export async function getToken(core: Core, signal?: AbortSignal): Promise<string | undefined> {
  const { generation } = core
  const isSignedOut = () => core.state.status === 'signed-out'
  if (!isSignedOut() && !isFresh(core)) {
    await renew(core, signal).catch(error => {
      // An early or doubtful renewal failed: the token that is there may still be good, and the service decides.
      const isUsable = core.access ? isFresh(core, 1, 0) : isSignedOut()
      if (signal?.aborted || generation !== core.generation || !isUsable) throw error
    })
  }
  return core.access?.accessToken
}
