/**
 * The session of one tab: `unknown` -> `signed-in` <-> `unreachable`, and `signed-out` from each.
 *
 * - Only `signOut` and problems that end the session lead to `signed-out`.
 * - `generation` rises with every change of the session. Code that awaited compares it and writes nothing after a change.
 * - One renewal at a time in a tab, and no lock between tabs. A refresh token is presented only after it was stored, and always
 *   with the key from the stored record. A repeated renewal therefore leads to the same successor, whichever tab sends it
 *   and however late.
 */
import type { AuthCalls } from './calls.ts'
import { ClientError, endsSession, ProblemError } from './errors.ts'
import type { Records, Tokens } from './records.ts'
import { pauseMs } from './requests.ts'
import type { Clock, SignedOutReason, State } from './types.ts'

export type Event = 'renewed' | 'signed-in' | 'signed-out'

export interface SessionDeps {
  clock: Clock
  records: Records
  calls: AuthCalls
  isBodyTransport: boolean
  timeLimitMs: number
  /** Plans `wake` after so many milliseconds; a later call replaces an earlier one. */
  schedule(ms: number): void
  announce(event: Event, access: Tokens, why?: SignedOutReason): void
}

export type Session = ReturnType<typeof createSession>

/** Further apart than this, one of the clocks was moved, or the monotonic one stopped while the machine was asleep. */
const maxDriftMs = 5000

/** The part of the lifetime after which a visible page renews. */
const renewAt = 0.75

export function createSession({ clock, records, calls, schedule, announce, ...deps }: SessionDeps) {
  const { isBodyTransport, timeLimitMs } = deps
  const listeners = new Set<(state: State) => void>()
  let state: State = { status: 'unknown' }
  let generation = 0
  /** Kept after expiry, since it names the session; undefined when signed out. */
  let access: Tokens | undefined
  let renewal: Promise<void> | undefined
  /** Before this time no renewal is sent: the service asked for a pause, or all attempts failed. */
  let pausedUntilMs = 0

  function setState(next: State): void {
    state = next
    for (const listener of [...listeners]) {
      try {
        listener(next)
      } catch (error) {
        console.error(error)
      }
    }
  }

  /** @throws ClientError `session-changed` */
  function assertGeneration(expected: number): void {
    if (expected !== generation) throw new ClientError('session-changed')
  }

  /** Ends calls and pauses, so that no late answer sets a cookie. */
  function interrupt(): void {
    calls.interrupt()
    renewal = undefined
  }

  function change(): number {
    interrupt()
    return ++generation
  }

  const ageMs = () => clock.nowMs() - (access as Tokens).nowMs

  /** @param part of the lifetime; 1 is expiry */
  function isFresh(part = renewAt): boolean | undefined {
    return (
      access &&
      ageMs() < access.expiresIn * 1000 * part &&
      Math.abs(clock.wallMs() - access.wallMs - ageMs()) < maxDriftMs
    )
  }

  /** Takes the tokens of an answer. */
  function accept(tokens: Tokens): void {
    const { sessionId } = tokens
    if (access && access.sessionId !== sessionId) generation++
    access = tokens
    pausedUntilMs = 0
    // With jitter, so that tabs and clients do not renew together.
    schedule(tokens.expiresIn * 1000 * (renewAt + Math.random() / 10) - ageMs())
    if (state.status !== 'signed-in' || state.sessionId !== sessionId) setState({ status: 'signed-in', sessionId })
  }

  /**
   * Takes an access token that another tab or process received. Its age comes from the wall clock, since monotonic clocks cannot
   * be compared between them. A wrong wall clock costs one renewal, or one refused request.
   * @param isNews it arrived just now, so it has not expired whatever the wall clock says
   * @returns true unless it has expired, or is the one that is already here
   */
  function adopt(found: Partial<Tokens>, isNews?: boolean): boolean | undefined {
    const lifeMs = (found.expiresIn as number) * 1000
    let age = Math.max(0, clock.wallMs() - (found.wallMs as number))
    if (!(age < lifeMs)) {
      if (!isNews) return
      age = 0
    }
    if (found.accessToken === access?.accessToken) return
    accept({ ...(found as Tokens), nowMs: clock.nowMs() - age, wallMs: clock.wallMs() - age })
    return true
  }

  /** The session is over on this device. */
  function end(why: SignedOutReason): void {
    if (access) {
      announce('signed-out', access, why)
      change()
    }
    access = undefined
    if (state.status !== 'signed-out') setState({ status: 'signed-out', why })
  }

  /** Ends the session that a problem is about, and clears its record. */
  async function over({ code }: ProblemError): Promise<void> {
    const sessionId = access?.sessionId
    end(code)
    const expected = generation
    if ((await records.read()).sessionId === sessionId && expected === generation) await records.write({})
  }

  /** Joins the renewal that is under way, or begins one. An aborted waiter leaves without ending it for the others. */
  function renew(signal?: AbortSignal): Promise<void> {
    if (!renewal) {
      const begun = run().finally(() => {
        if (renewal === begun) renewal = undefined
      })
      renewal = begun
    }
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
    return Promise.race([renewal, aborted])
  }

  async function run(): Promise<void> {
    const before = access
    const asked = generation
    const giveUpAtMs = clock.nowMs() + timeLimitMs
    for (let attempt = 0; ; ) {
      const { key, ...record } = await records.read()
      assertGeneration(asked)
      const { refreshToken } = record
      if (record.isSignedOut || (isBodyTransport && !refreshToken))
        return end(record.isSignedOut ? 'signed-out' : 'refresh-missing')
      // Another tab may have brought what this renewal is for, by news or through the store.
      if (access !== before || adopt(record)) return
      if (!key) {
        await records.write({ ...record, key: crypto.randomUUID() })
        continue
      }
      if (clock.nowMs() < pausedUntilMs) throw unreachable()

      // The cookie transport cannot see the token: its key is the same for the whole session.
      const answer = await calls.call('POST', 'session/renew', { refreshToken }, key + (refreshToken ?? '').slice(-24))
      assertGeneration(asked)
      if (access !== before) return
      const problem = answer instanceof ProblemError ? answer : undefined
      if (answer && (!problem || endsSession(problem))) {
        const latest = await records.read()
        assertGeneration(asked)
        const isLatest = latest.refreshToken === refreshToken
        // Another tab has signed in or out, or has renewed what is refused here: its record counts.
        if (latest.isSignedOut || latest.sessionId !== record.sessionId || (problem && !isLatest)) continue
        if (answer instanceof ProblemError) {
          await over(answer)
          throw answer
        }
        if (isBodyTransport && isLatest) await records.write({ ...answer, key }, 'renewal')
        assertGeneration(asked)
        accept(answer)
        return announce('renewed', answer)
      }
      if (problem && problem.problem.action !== 'retry') throw problem
      const waitMs = pauseMs(attempt++, problem)
      pausedUntilMs = clock.nowMs() + waitMs
      if (pausedUntilMs > giveUpAtMs) throw unreachable(problem)
      await clock.sleep(waitMs, calls.signal()).catch(() => {})
    }
  }

  function unreachable(cause?: unknown): ClientError {
    if (!isFresh(1) && state.status !== 'unreachable') setState({ status: 'unreachable', sinceMs: clock.wallMs() })
    schedule(timeLimitMs)
    return new ClientError('unreachable', cause)
  }

  /** The access token, renewed if it has expired or may have; undefined when signed out. */
  async function token(signal?: AbortSignal): Promise<string | undefined> {
    const asked = generation
    if (state.status !== 'signed-out' && !isFresh(1)) {
      await renew(signal).catch(error => {
        // An early or doubtful renewal failed: the token that is there may still be good, and the service decides.
        const isUsable = access ? ageMs() < access.expiresIn * 1000 : state.status === 'signed-out'
        if (signal?.aborted || asked !== generation || !isUsable) throw error
      })
    }
    return access?.accessToken
  }

  return {
    accept,
    adopt,
    assertGeneration,
    change,
    end,
    interrupt,
    isFresh,
    over,
    renew,
    token,
    getAccess: () => access,
    getGeneration: () => generation,
    getState: () => state,
    resume() {
      pausedUntilMs = 0
    },
    subscribe(listener: (state: State) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
