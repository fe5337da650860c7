/** The guard of one process: verifies tokens, follows the feed, and decides from memory whether a request may pass. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { entryCount, type Follower, type Instant, lookup, mayDecide } from '@gatehouse/protocol'
import { cachedMonotonic } from './cachedMonotonic.ts'
import { createSync } from './feed/sync.ts'
import type { Keys } from './keys/publicKey.ts'
import { guardMetrics } from './metrics.ts'
import { type GuardOptions, resolveOptions } from './options.ts'
import { type CloseStream, createStreamTracker, type StreamTracker, type TrackOptions } from './streams.ts'
import { type AuthorizationResult, authorize, type Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'
import { createVerifier, type Verifier } from './verify/verifier.ts'

/** What health pages want to know. */
export interface GuardState {
  hasKeys: boolean
  /** The lease stands: revocation is known. */
  mayDecide: boolean
  leaseLeftMs: number
  cursor: number | null
  entriesHeld: number
  streamsOpen: number
  tokensCached: number
}

export interface Guard {
  /**
   * The token of an Authorization header that is known, and may pass by this rule as it did before: what most requests need, mostly
   * with one look at one clock. Nothing says only that `verify` and `admit` are to be asked.
   */
  lookup(authorization: string | undefined, rule: Rule): VerifiedToken | undefined
  /** The token of an Authorization header; at once when it is known. @throws Refusal */
  verify: Verifier['verify']
  /** @throws Refusal when the bearer of this token may not pass */
  authorize(token: VerifiedToken, rule: Rule): void
  /**
   * Registers an open stream. `close` is called when a revocation covers its token (before that is acknowledged), when the
   * token expires, when the lease lapses, and at shut-down. Register before the first byte is sent.
   * @returns call it when the stream has ended by itself
   * @throws Refusal when the token was revoked since the request came in, or too many streams are open
   */
  trackStream(caller: Caller, close: CloseStream, options?: TrackOptions): () => void
  /** Counts a refusal. */
  countRefusal(refusal: ProblemError): void
  state(): GuardState
  /** Resolves when it can decide for the first time. */
  ready(): Promise<void>
  /** Once, however many scopes share the guard; and so with `stop`. */
  start(): void
  /** Closes the streams: they would keep the server from closing. */
  closeStreams(): void
  /** After serving has stopped: leaves the feed. */
  stop(): Promise<void>
}

export function createGuard(options: GuardOptions): Guard {
  const settings = resolveOptions(options)
  const { clock, keys, log } = settings
  const verifier = createVerifier(settings)
  const onError = (error: unknown) => log.error({ err: error }, 'a stream could not be closed')
  const streams = createStreamTracker({ maxStreams: settings.maxStreams, onError })
  const firstLease = deferred()
  let isStarted = false
  let stopped: Promise<void> | null = null
  const sync = createSync(settings, streams, {
    onPolled: polled => metrics.countPoll(polled.kind),
    onLapsed: () => metrics.countLapse(),
    onRegained: firstLease.resolve,
  })
  const now = () => ({ nowMs: clock.nowMs(), wallMs: clock.wallMs() })
  const cachedNowMs = cachedMonotonic(clock)
  const state = () => stateOf(sync.follower(), now(), { keys, streams, verifier })
  const metrics = guardMetrics(settings.metrics, state)

  function decide(caller: Caller, rule: Rule): AuthorizationResult {
    const follower = sync.follower()
    const revoked = lookup(follower.index, caller.claims)
    return authorize({ caller, revoked, mayDecide: mayDecide(follower, now()) }, rule)
  }

  return {
    lookup(authorization, rule) {
      if (authorization === undefined) return undefined
      const wallMs = clock.wallMs()
      const token = verifier.lookup(authorization, wallMs)
      if (token === undefined) return undefined
      // What this memory let pass by this rule passes again; only whether the memory is complete changes with time.
      if (token.passedRule !== rule || token.passedRevision !== sync.revision()) return undefined
      return mayDecide(sync.follower(), { nowMs: cachedNowMs(wallMs), wallMs }) ? token : undefined
    },
    verify: verifier.verify,
    authorize(token, rule) {
      const revision = sync.revision()
      const decision = decide(token.caller, rule)
      if (decision === 'unknown-allowed') return metrics.countUnknownAllowed()
      if (decision !== 'pass') throw problemOf(decision, rule)
      token.passedRule = rule
      token.passedRevision = revision
    },
    trackStream(caller, close, { onUnknown = 'refuse' } = {}) {
      const decision = decide(caller, { scope: [], roles: [], onUnknown })
      if (decision !== 'pass' && decision !== 'unknown-allowed')
        throw new ProblemError(decision, 'before the stream began')
      const release = streams.track(caller, close, { onUnknown })
      if (release === undefined) throw new ProblemError('overloaded', 'too many open streams, or shutting down')
      return release
    },
    countRefusal: refusal => metrics.countRefusal(refusal.code),
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

function stateOf(
  follower: Follower,
  now: Instant,
  parts: { keys: Keys; streams: StreamTracker; verifier: Verifier },
): GuardState {
  const isLeased = mayDecide(follower, now)
  return {
    hasKeys: parts.keys.isLoaded(),
    mayDecide: isLeased,
    leaseLeftMs: isLeased ? follower.validUntil.nowMs - now.nowMs : 0,
    cursor: follower.cursor,
    entriesHeld: entryCount(follower.index),
    streamsOpen: parts.streams.size(),
    tokensCached: parts.verifier.size(),
  }
}

function problemOf(code: ProblemCode, { scope, roles }: Rule): ProblemError {
  if (code !== 'insufficient-scope') return new ProblemError(code, 'known from the feed, or not knowable now')
  const needed = [...scope, ...roles.map(role => `role ${role}`)].join(', ')
  return new ProblemError(code, `needs ${needed}`, { scope })
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let settle = () => {}
  const promise = new Promise<void>(resolve => {
    settle = resolve
  })
  return { promise, resolve: () => settle() }
}
