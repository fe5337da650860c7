/** The guard of one process: verifies tokens, follows the feed, and decides from memory whether a request can pass. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { entryCount, type Follower, feedNowMs, type Instant, lookup, mayDecide } from '@gatehouse/protocol'
import { atMostOncePerMinute } from './atMostOncePerMinute.ts'
import { cachedMonotonic } from './cachedMonotonic.ts'
import { deferred } from './deferred.ts'
import { createSync } from './feed/sync.ts'
import type { Guard, GuardState } from './guardApi.ts'
import type { Keys } from './keys/publicKey.ts'
import { guardMetrics } from './metrics.ts'
import { type GuardOptions, resolveOptions } from './options.ts'
import { createStreamTracker, type StreamTracker } from './streams.ts'
import { type AuthorizationResult, authorize, type Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import { createVerifier, type Verifier } from './verify/verifier.ts'

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
    // Scopes and roles do not change: only time and new entries can change the decision for this
    // token.
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
