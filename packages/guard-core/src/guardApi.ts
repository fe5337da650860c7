/** The interface of a guard: what adapters, streams and health routes use. */
import type { CloseStream, TrackOptions } from './streams.ts'
import type { GuardedRequest } from './verify/authorizationHeader.ts'
import type { Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'

/** The state of a guard, for health routes. */
export interface GuardState {
  hasKeys: boolean
  /** The guard holds a lease, so it knows every revocation. */
  hasLease: boolean
  leaseLeftMs: number
  cursor: number | null
  entriesHeld: number
  streamsOpen: number
  tokensCached: number
  /**
   * How far the wall clock of this host is ahead of the database's time, in milliseconds; null
   * before the first response of the feed.
   */
  clockOffsetMs: number | null
}

/** A guard, shared by every scope of one process. */
export interface Guard {
  /**
   * Decides whether a request can pass. It returns a promise only when the key of the token must be
   * fetched or prepared first, which happens once per key.
   * @param request the request, when its headers have arrived
   * @param rule the rule of the route, from `parseRouteRule`; pass the same object each time, since
   *   decisions are cached by it
   * @returns the caller, which `recheck` and `trackStream` accept
   * @throws ProblemError `token-missing`, `token-invalid`, `token-expired`, `request-malformed`,
   *   `session-ended`, `account-disabled`, `insufficient-scope`, `reauthentication-required`,
   *   `revocation-unknown` or `unavailable`; the promise rejects with the same
   * @example
   * const caller = await guard.check(request, rule)
   */
  check(request: GuardedRequest, rule: Rule): Caller | Promise<Caller>
  /**
   * Decides again, immediately before the handler: while the body arrived, the token can have been
   * revoked or can have expired. It makes no network call, and costs one clock reading when neither
   * a millisecond has passed nor an entry has arrived.
   * @param caller a result of `check` of this guard
   * @throws ProblemError as `check`
   */
  recheck(caller: Caller, rule: Rule): void
  /**
   * Tracks an open stream. `close` is called once: when a revocation covers the token (before the
   * guard acknowledges it), when the token expires, when the lease ends, and at shutdown. Track a
   * stream before its first byte is sent.
   * @param caller the caller of the request
   * @param close ends the stream; it must not throw
   * @param options what happens when the lease ends
   * @returns a function to call when the stream has ended
   * @throws ProblemError when the token has been revoked since the request arrived; `overloaded`
   *   when too many streams are open; `rate-limited` when too many of the account are
   */
  trackStream(caller: Caller, close: CloseStream, options?: TrackOptions): () => void
  state(): GuardState
  /**
   * Resolves at the first lease.
   * @throws GuardSettingsError when the settings of guard and feed contradict each other
   */
  ready(): Promise<void>
  /** Starts following the feed. Further calls have no effect. */
  start(): void
  /** Closes all streams, which would keep the server open. */
  closeStreams(): void
  /**
   * Leaves the feed. Call it after the server has stopped: a request that is decided later gets
   * `revocation-unknown`. Further calls return the same promise.
   */
  stop(): Promise<void>
}
