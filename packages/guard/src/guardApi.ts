/** The interface of a guard: what the plugin, streams and health routes use. */
import type { ProblemError } from '@gatehouse/contract'
import type { CloseStream, TrackOptions } from './streams.ts'
import type { Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'
import type { Verifier } from './verify/verifier.ts'

/** The state of a guard, for health routes. */
export interface GuardState {
  hasKeys: boolean
  /** The guard holds a lease, so it knows every revocation. */
  mayDecide: boolean
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
   * Finds a known token that has passed this rule before, with the revocations that are known now.
   * Most requests need no more.
   * @param authorization the Authorization header
   * @param rule the rule of the route
   * @returns the token; undefined when `verify` and `authorize` must decide
   */
  lookup(authorization: string | undefined, rule: Rule): VerifiedToken | undefined
  /**
   * Verifies the token of an Authorization header. Synchronous unless its key must be fetched.
   * @throws ProblemError
   */
  verify: Verifier['verify']
  /**
   * Decides whether the bearer of a verified token can pass a rule.
   * @throws ProblemError `session-ended`, `account-disabled`, `token-expired`, `insufficient-scope`
   *   or `revocation-unknown`
   */
  authorize(token: VerifiedToken, rule: Rule): void
  /**
   * Whether the last decision for this token still holds: no millisecond has passed and no entry
   * has arrived. It costs one clock reading.
   */
  isCurrent(token: VerifiedToken): boolean
  /**
   * Decides again, immediately before the handler: while the body arrived, the token can have been
   * revoked or can have expired. It never makes a network call.
   * @throws ProblemError as `authorize`
   */
  reauthorize(token: VerifiedToken, rule: Rule): void
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
  /** Counts a refused request in the metrics. */
  countRefusal(problem: ProblemError): void
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
   * Leaves the feed. Call it after the server has stopped. Further calls return the same promise.
   */
  stop(): Promise<void>
}
