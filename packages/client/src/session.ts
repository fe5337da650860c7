/**
 * The session of one tab or process: `unknown` -> `signed-in` <-> `unreachable`, and `signed-out` from each.
 *
 * - Only `signOut` and problems that end the session lead to `signed-out`.
 * - `generation` rises with every change of the session. Code that awaited compares it and writes nothing after a change.
 */
import { ClientError } from './errors.ts'
import type { Records, Tokens } from './records.ts'
import type { Clock, SignedOutReason, State } from './types.ts'

/**
 * What a plug-in is notified of. `adopted`: another tab or process received the token. `renewed`, `signed-in`: this client did.
 * These and `signed-out` come with the access token.
 */
export type Event = 'state' | 'adopted' | 'renewed' | 'signed-in' | 'signed-out' | 'closed'
export type Hook = (event: Event, access?: Tokens, why?: SignedOutReason) => unknown

/** What the functions of the client and its plug-ins work on. */
export interface Core {
  auth: URL
  fetch: typeof fetch
  clock: Clock
  records: Records
  /** Of calls to the auth service: `include` where the refresh token is a cookie. */
  credentials: RequestCredentials
  timeLimitMs: number
  callTimeoutMs: number
  hooks: Set<Hook>
  state: State
  generation: number
  /** Kept after expiry, since it names the session; undefined when signed out. */
  access?: Tokens | undefined
  /** Before this time no renewal is sent: the service asked for a pause, or all attempts failed. */
  resumeAtMs: number
  /** Calls under way, and the renewal that every request of this tab joins. */
  calls: AbortController & { renewal?: Promise<void> | undefined }
}

/** Listeners learn of changes, not of renewals. */
export function setState(core: Core, state: State): void {
  if (state.status !== core.state.status || state.sessionId !== core.state.sessionId) {
    core.state = state
    emit(core, 'state')
  }
}

export function emit(core: Core, ...event: Parameters<Hook>): void {
  for (const hook of [...core.hooks]) {
    try {
      hook(...event)
    } catch (error) {
      console.error(error)
    }
  }
}

/** @throws ClientError `session-changed` */
export function assertGeneration(core: Core, expected: number): void {
  if (expected !== core.generation) throw new ClientError('session-changed')
}

/**
 * Ends calls and pauses, so that no late answer sets a cookie.
 * @returns the new generation
 */
export function change(core: Core): number {
  core.calls.abort(new ClientError('session-changed'))
  core.calls = new AbortController()
  return ++core.generation
}

/** Ends calls, pauses and a renewal that is under way; the session goes on with a token from elsewhere. */
export function abortCalls(core: Core): void {
  core.calls.abort(new ClientError('session-changed'))
  core.calls = new AbortController()
}

/**
 * A token has expired when one of the clocks says so: the monotonic one may stop while the machine is asleep.
 * @param part of the lifetime; 1 is expiry
 * @param wallMs 0 to ask the monotonic clock only
 */
export function isFresh({ access, clock }: Core, wallMs = clock.wallMs(), part = 1): boolean | undefined {
  return access && Math.max(clock.nowMs() - access.nowMs, wallMs - access.wallMs) < access.expiresIn * 1000 * part
}

/** Takes the tokens of an answer. */
export function accept(core: Core, access: Tokens, event: Event): void {
  const { sessionId } = access
  if (core.access && core.access.sessionId !== sessionId) core.generation++
  core.access = access
  emit(core, event, access)
  setState(core, { status: 'signed-in', sessionId })
}

/**
 * Takes an access token that another tab or process received. Its age comes from the wall clock, since monotonic clocks cannot
 * be compared between them. A wrong wall clock costs one renewal, or one refused request.
 * @returns true unless it has expired, or is the one that is already here
 */
export function adopt(core: Core, found: Partial<Tokens>): boolean | undefined {
  const { clock, access } = core
  const ageMs = Math.max(0, clock.wallMs() - (found.wallMs as number))
  if (ageMs < (found.expiresIn as number) * 1000 && found.accessToken !== access?.accessToken) {
    accept(core, { ...(found as Tokens), nowMs: clock.nowMs() - ageMs }, 'adopted')
    return true
  }
  return
}

/** The session is over on this device. */
export function end(core: Core, why: SignedOutReason): void {
  const { access } = core
  if (access) {
    core.access = undefined
    change(core)
    emit(core, 'signed-out', access, why)
  }
  setState(core, { status: 'signed-out', why })
}
