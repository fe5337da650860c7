/** The guard of one process: verifies tokens, follows the feed, and decides from memory whether a request can pass. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { entryCount, type Follower, feedNowMs, type Instant, lookup, mayDecide } from '@gatehouse/protocol'
import { atMostOncePerMinute } from './atMostOncePerMinute.ts'
import { cachedMonotonic } from './cachedMonotonic.ts'
import { deferred } from './deferred.ts'
import { createSync } from './feed/sync.ts'
import type { Keys } from './keys/publicKey.ts'
import { guardMetrics } from './metrics.ts'
import { type GuardOptions, resolveOptions } from './options.ts'
import { type CloseStream, createStreamTracker, type StreamTracker, type TrackOptions } from './streams.ts'
import { type AuthorizationResult, authorize, type Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'
import { createVerifier, type Verifier } from './verify/verifier.ts'

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
  /** How far the wall clock of this host is ahead of the database's time, in milliseconds; null before the first response of the feed. */
  clockOffsetMs: number | null
}

/** A guard, shared by every scope of one process. */
export interface Guard {
  /**
   * Finds a known token that has passed this rule before, with the revocations that are known now. Most requests need no more.
   * @param authorization the Authorization header
   * @param rule the rule of the route
   * @returns the token; undefined when `verify` and `authorize` must decide
   */
  lookup(authorization: string | undefined, rule: Rule): VerifiedToken | undefined
  /** Verifies the token of an Authorization header. Synchronous unless its key must be fetched. @throws ProblemError */
  verify: Verifier['verify']
  /**
   * Decides whether the bearer of a verified token can pass a rule.
   * @throws ProblemError `session-ended`, `account-disabled`, `token-expired`, `insufficient-scope` or `revocation-unknown`
   */
  authorize(token: VerifiedToken, rule: Rule): void
  /**
   * Whether the last decision for this token still holds: no millisecond has passed and no entry has arrived. It costs one clock
   * reading.
   */
  isCurrent(token: VerifiedToken): boolean
  /**
   * Decides again, immediately before the handler: while the body arrived, the token can have been revoked or can have expired.
   * It never makes a network call.
   * @throws ProblemError as `authorize`
   */
  reauthorize(token: VerifiedToken, rule: Rule): void
  /**
   * Tracks an open stream. `close` is called once: when a revocation covers the token (before the guard acknowledges it), when
   * the token expires, when the lease ends, and at shutdown. Track a stream before its first byte is sent.
   * @param caller the caller of the request
   * @param close ends the stream; it must not throw
   * @param options what happens when the lease ends
   * @returns a function to call when the stream has ended
   * @throws ProblemError when the token has been revoked since the request arrived; `overloaded` when too many
   *   streams are open; `rate-limited` when too many of the account are
   */
  trackStream(caller: Caller, close: CloseStream, options?: TrackOptions): () => void
  /** Counts a refused request in the metrics. */
  countRefusal(problem: ProblemError): void
  state(): GuardState
  /** Resolves at the first lease. @throws GuardSettingsError when the settings of guard and feed contradict each other */
  ready(): Promise<void>
  /** Starts following the feed. Further calls have no effect. */
  start(): void
  /** Closes all streams, which would keep the server open. */
  closeStreams(): void
  /** Leaves the feed. Call it after the server has stopped. Further calls return the same promise. */
  stop(): Promise<void>
}

/**
 * Creates a guard. The plugin creates one unless it is given one.
 * @param options issuer, audience, service client and limits
 * @throws TypeError naming the option that is missing or not valid
 * @example
 * const shared = createGuard({ issuer, audience: 'gatehouse', clientId: 'warehouse', clientSecret })
 * app.get('/readyz', async () => ({ ready: shared.state().mayDecide }))
 * await app.register(guard, { guard: shared })
 */
export function createGuard(options: GuardOptions): Guard {
  const settings = resolveOptions(options)
  const { clock, keys, log } = settings
  const onError = (error: unknown) => log.error({ err: error }, 'a stream could not be closed')
  const streams = createStreamTracker({
    maxStreams: settings.maxStreams,
    maxStreamsPerAccount: settings.maxStreamsPerAccount,
    onError,
  })
  const firstLease = deferred()
  const sync = createSync(settings, streams, {
    onPolled: ({ kind }) => metrics.countPoll(kind),
    onLapsed: () => metrics.countLapse(),
    onRegained: firstLease.resolve,
    onConflict: firstLease.reject,
  })
  const timeMs = () => feedTimeOf(sync.follower(), clock.nowMs())
  const now = () => ({ nowMs: clock.nowMs(), wallMs: clock.wallMs() })
  // Without a lease the machine may have been suspended, so its time can be behind.
  const isTimeCurrent = () => mayDecide(sync.follower(), now())
  const onOtherService = atMostOncePerMinute(clock, why =>
    log.warn({ why }, 'refused a token with a valid signature for another issuer or audience'),
  )
  const verifier = createVerifier({ ...settings, timeMs, isTimeCurrent, onOtherService })
  const cachedNowMs = cachedMonotonic(clock)
  const state = () => stateOf(sync.follower(), now(), { keys, streams, verifier })
  const metrics = guardMetrics(settings.metrics, state)
  let stopped: Promise<void> | null = null
  let isStarted = false

  function decide(caller: Caller, rule: Rule): AuthorizationResult {
    const follower = sync.follower()
    const revoked = lookup(follower.index, caller.claims)
    return authorize({ caller, revoked, mayDecide: mayDecide(follower, now()) }, rule)
  }

  return {
    lookup(authorization, rule) {
      if (authorization === undefined) return undefined
      const wallMs = clock.wallMs()
      const nowMs = cachedNowMs(wallMs)
      const follower = sync.follower()
      if (follower.time === null) return undefined
      const token = verifier.lookup(authorization, feedNowMs(follower.time, nowMs))
      if (token === undefined) return undefined
      // With the same entries the token passes the same rule again. Only the lease depends on time.
      if (token.passedRule !== rule || token.passedRevision !== sync.revision()) return undefined
      if (!mayDecide(follower, { nowMs, wallMs })) return undefined
      token.passedAtWallMs = wallMs
      return token
    },
    verify: verifier.verify,
    authorize(token, rule) {
      const revision = sync.revision()
      const decision = decide(token.caller, rule)
      if (decision === 'unknown-allowed') return metrics.countUnknownAllowed()
      if (decision !== 'pass') throw problemOf(decision, rule)
      token.passedRule = rule
      token.passedRevision = revision
      token.passedAtWallMs = clock.wallMs()
    },
    // Scopes and roles do not change: only time and new entries can change the decision for this token.
    isCurrent: token => token.passedAtWallMs === clock.wallMs() && token.passedRevision === sync.revision(),
    reauthorize(token, rule) {
      verifier.assertCurrent(token)
      const decision = decide(token.caller, rule)
      if (decision !== 'pass' && decision !== 'unknown-allowed') throw problemOf(decision, rule)
    },
    trackStream(caller, close, { onUnknown = 'refuse' } = {}) {
      const decision = decide(caller, { scope: [], roles: [], onUnknown })
      if (decision !== 'pass' && decision !== 'unknown-allowed')
        throw new ProblemError(decision, 'revoked before the stream began')
      const release = streams.track(caller, close, { onUnknown })
      if (release === 'overloaded') throw new ProblemError(release, 'too many open streams, or shutting down')
      if (release === 'rate-limited') throw new ProblemError(release, 'too many open streams of the account')
      return release
    },
    countRefusal: problem => metrics.countRefusal(problem.code),
    state,
    ready: () => firstLease.promise,
    start() {
      if (isStarted) return
      isStarted = true
      keys.start()
      sync.start()
    },
    closeStreams: streams.closeAll,
    stop() {
      stopped ??= Promise.all([keys.stop(), sync.stop()]).then(() => {})
      return stopped
    },
  }
}

function feedTimeOf({ time }: Follower, nowMs: number): number | null {
  return time === null ? null : feedNowMs(time, nowMs)
}

function stateOf(
  follower: Follower,
  now: Instant,
  parts: { keys: Keys; streams: StreamTracker; verifier: Verifier },
): GuardState {
  const isLeased = mayDecide(follower, now)
  const timeMs = feedTimeOf(follower, now.nowMs)
  return {
    hasKeys: parts.keys.isLoaded(),
    mayDecide: isLeased,
    leaseLeftMs: isLeased ? follower.validUntil.nowMs - now.nowMs : 0,
    cursor: follower.cursor,
    entriesHeld: entryCount(follower.index),
    streamsOpen: parts.streams.size(),
    tokensCached: parts.verifier.size(),
    clockOffsetMs: timeMs === null ? null : now.wallMs - timeMs,
  }
}

function problemOf(code: ProblemCode, { scope, roles }: Rule): ProblemError {
  if (code !== 'insufficient-scope') return new ProblemError(code, 'a revocation, or no lease')
  const required = [...scope, ...roles.map(role => `role ${role}`)].join(', ')
  return new ProblemError(code, `requires ${required}`, { scope })
}
