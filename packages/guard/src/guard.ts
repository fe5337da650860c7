/** The guard of one process: verifies tokens, follows the feed, and decides from memory whether a request may pass. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { entryCount, type Follower, type Instant, lookup, mayDecide } from '@gatehouse/protocol'
import { cachedMonotonic } from './cachedMonotonic.ts'
import { startSync } from './feed/sync.ts'
import type { Keys } from './keys/publicKey.ts'
import { guardMetrics } from './metrics.ts'
import { type GuardOptions, resolveOptions } from './options.ts'
import { type Close, createStreamTracker, type StreamTracker, type TrackOptions } from './streams.ts'
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
  recall(authorization: string | undefined, rule: Rule): VerifiedToken | undefined
  /** The token of an Authorization header; at once when it is known. @throws Refusal */
  verify: Verifier['verify']
  /** @throws Refusal when the bearer of this token may not pass */
  admit(token: VerifiedToken, rule: Rule): void
  /**
   * Registers an open stream. `close` is called when a revocation covers its token (before that is acknowledged), when the
   * token expires, when the lease lapses, and at shut-down. Register before the first byte is sent.
   * @returns call it when the stream has ended by itself
   * @throws Refusal when the token was revoked since the request came in, or too many streams are open
   */
  trackStream(caller: Caller, close: Close, options?: TrackOptions): () => void
  /** Counts a refusal. */
  refused(refusal: ProblemError): void
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
  const onFault = (error: unknown) => log.error({ err: error }, 'a stream could not be closed')
  const streams = createStreamTracker({ most: settings.maxStreams, onFault })
  const first = firstTime()
  let isStarted = false
  let stopped: Promise<void> | null = null
  const upkeep = startSync(settings, streams, {
    onPolled: polled => metrics.polled(polled.kind),
    onLapsed: () => metrics.lapsed(),
    onRegained: first.happened,
  })
  const now = () => ({ nowMs: clock.nowMs(), wallMs: clock.wallMs() })
  const latest = cachedMonotonic(clock)
  const state = () => stateOf(upkeep.follower(), now(), { keys, streams, verifier })
  const metrics = guardMetrics(settings.metrics, state)

  function judge(caller: Caller, rule: Rule): AuthorizationResult {
    const follower = upkeep.follower()
    const revoked = lookup(follower.index, caller.claims)
    return authorize({ caller, revoked, mayDecide: mayDecide(follower, now()) }, rule)
  }

  return {
    recall(authorization, rule) {
      if (authorization === undefined) return undefined
      const wallMs = clock.wallMs()
      const token = verifier.recall(authorization, wallMs)
      if (token === undefined) return undefined
      // What this memory let pass by this rule passes again; only whether the memory is complete changes with time.
      if (token.passedRule !== rule || token.passedRevision !== upkeep.revision()) return undefined
      return mayDecide(upkeep.follower(), { nowMs: latest(wallMs), wallMs }) ? token : undefined
    },
    verify: verifier.verify,
    admit(token, rule) {
      const revision = upkeep.revision()
      const decision = judge(token.caller, rule)
      if (decision === 'unknown-allowed') return metrics.unknownAllowed()
      if (decision !== 'pass') throw refusalOf(decision, rule)
      token.passedRule = rule
      token.passedRevision = revision
    },
    trackStream(caller, close, { onUnknown = 'refuse' } = {}) {
      const decision = judge(caller, { scope: [], roles: [], onUnknown })
      if (decision !== 'pass' && decision !== 'unknown-allowed')
        throw new ProblemError(decision, 'before the stream began')
      const release = streams.hold(caller, close, { onUnknown })
      if (release === undefined) throw new ProblemError('overloaded', 'too many open streams, or shutting down')
      return release
    },
    refused: refusal => metrics.refused(refusal.code),
    state,
    ready: () => first.promise,
    start() {
      if (isStarted) return
      isStarted = true
      keys.start()
      upkeep.start()
    },
    closeStreams: streams.closeAll,
    stop() {
      stopped ??= Promise.all([keys.stop(), upkeep.stop()]).then(() => {})
      return stopped
    },
  }
}

function stateOf(
  follower: Follower,
  at: Instant,
  parts: { keys: Keys; streams: StreamTracker; verifier: Verifier },
): GuardState {
  const isLeased = mayDecide(follower, at)
  return {
    hasKeys: parts.keys.isLoaded(),
    mayDecide: isLeased,
    leaseLeftMs: isLeased ? follower.validUntil.nowMs - at.nowMs : 0,
    cursor: follower.cursor,
    entriesHeld: entryCount(follower.index),
    streamsOpen: parts.streams.size(),
    tokensCached: parts.verifier.size(),
  }
}

function refusalOf(outcome: ProblemCode, { scope, roles }: Rule): ProblemError {
  if (outcome !== 'insufficient-scope') return new ProblemError(outcome, 'known from the feed, or not knowable now')
  const needed = [...scope, ...roles.map(role => `role ${role}`)].join(', ')
  return new ProblemError(outcome, `needs ${needed}`, { scope })
}

function firstTime(): { promise: Promise<void>; happened: () => void } {
  let happened = () => {}
  const promise = new Promise<void>(resolve => {
    happened = resolve
  })
  return { promise, happened }
}
