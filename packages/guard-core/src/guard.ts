/** The guard of one process: verifies tokens, follows the feed, and decides from memory whether a request can pass. */
import { type ProblemCode, ProblemError } from '@gatehouse/contract'
import { feedNowMs, hasLease, lookup } from '@gatehouse/protocol'
import { atMostOncePerMinute } from './atMostOncePerMinute.ts'
import { cachedMonotonic } from './cachedMonotonic.ts'
import { deferred } from './deferred.ts'
import { createSync } from './feed/sync.ts'
import type { Guard } from './guardApi.ts'
import { feedTimeOf, stateOf } from './guardState.ts'
import { createFeedKeys } from './keys/feedKeys.ts'
import { type GuardOptions, resolveOptions } from './options.ts'
import { createStreamTracker } from './streams.ts'
import { authorizationOf } from './verify/authorizationHeader.ts'
import { type AuthorizationResult, authorize, type Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'
import { createVerifier } from './verify/verifier.ts'

/**
 * Creates a guard, which a process needs once.
 * @param options issuer, audience, service client and limits
 * @throws TypeError naming the option that is missing or not valid
 * @example
 * const guard = createGuard({ issuer, audience: 'gatehouse', clientId: 'warehouse', clientSecret })
 * guard.start()
 * await guard.ready()
 * const caller = await guard.check(request, parseRouteRule({ scope: ['storage:read'] }, 'GET /storage'))
 */
export function createGuard(options: GuardOptions): Guard {
  const settings = resolveOptions(options)
  const { clock, log } = settings
  const keys = createFeedKeys(settings.keys)
  const onError = (error: unknown) => log.error({ err: error }, 'a stream could not be closed')
  const streams = createStreamTracker({
    maxStreams: settings.maxStreams,
    maxStreamsPerAccount: settings.maxStreamsPerAccount,
    onError,
  })
  const firstLease = deferred()
  const sync = createSync(
    settings,
    { streams, keys },
    {
      onPolled: ({ kind }) => metrics.countPoll(kind),
      onLapsed: () => metrics.countLapse(),
      onRegained: firstLease.resolve,
      onConflict: firstLease.reject,
    },
  )
  const timeMs = () => feedTimeOf(sync.follower(), clock.nowMs())
  const now = () => ({ nowMs: clock.nowMs(), wallMs: clock.wallMs() })
  // Without a lease the machine may have been suspended, so its time can be behind.
  const isTimeCurrent = () => hasLease(sync.follower(), now())
  const onOtherService = atMostOncePerMinute(clock, why =>
    log.warn({ why }, 'refused a token with a valid signature for another issuer or audience'),
  )
  const verifier = createVerifier({ ...settings, keys, timeMs, isTimeCurrent, onOtherService })
  const cachedNowMs = cachedMonotonic(clock)
  const state = () => stateOf(sync.follower(), now(), { keys, streams, verifier })
  const metrics = settings.metrics(state)
  // `recheck` receives only the caller: this finds its token.
  const tokenByCaller = new WeakMap<Caller, VerifiedToken>()
  let stopped: Promise<void> | null = null
  let isStarted = false

  function decide(caller: Caller, rule: Rule): AuthorizationResult {
    const follower = sync.follower()
    const revoked = lookup(follower.index, caller.claims)
    const facts = { caller, revoked, hasLease: hasLease(follower, now()) }
    if (rule.maxAge === undefined) return authorize(facts, rule)
    return authorize({ ...facts, loginAgeSeconds: loginAgeSeconds(caller, timeMs()) }, rule)
  }

  /** Finds a known token that has passed this rule before, with the revocations that are known now. */
  function findPassed(authorization: string | undefined, rule: Rule): VerifiedToken | undefined {
    if (authorization === undefined) return undefined
    const wallMs = clock.wallMs()
    const nowMs = cachedNowMs(wallMs)
    const follower = sync.follower()
    if (follower.time === null) return undefined
    const token = verifier.lookup(authorization, feedNowMs(follower.time, nowMs))
    if (token === undefined) return undefined
    // With the same entries the token passes the same rule again. Only the lease depends on time.
    if (token.passedRule !== rule || token.passedRevision !== sync.revision()) return undefined
    if (!hasLease(follower, { nowMs, wallMs })) return undefined
    token.passedAtWallMs = wallMs
    return token
  }

  function admit(token: VerifiedToken, rule: Rule): Caller {
    const revision = sync.revision()
    const decision = decide(token.caller, rule)
    if (decision !== 'pass' && decision !== 'unknown-allowed') throw problemOf(decision, rule)
    tokenByCaller.set(token.caller, token)
    if (decision === 'unknown-allowed') {
      metrics.countUnknownAllowed()
      return token.caller
    }
    // The age of the log-in changes with time, so such a rule is checked for each request.
    if (rule.maxAge === undefined) token.passedRule = rule
    token.passedRevision = revision
    token.passedAtWallMs = clock.wallMs()
    return token.caller
  }

  async function admitLater(pending: Promise<VerifiedToken>, rule: Rule): Promise<Caller> {
    try {
      return admit(await pending, rule)
    } catch (error) {
      throw counted(error)
    }
  }

  function counted(error: unknown): unknown {
    if (error instanceof ProblemError) metrics.countRefusal(error.code)
    return error
  }

  return {
    check(request, rule) {
      try {
        const authorization = authorizationOf(request)
        const passed = findPassed(authorization, rule)
        if (passed !== undefined) return passed.caller
        const verified = verifier.verify(authorization)
        return verified instanceof Promise ? admitLater(verified, rule) : admit(verified, rule)
      } catch (error) {
        throw counted(error)
      }
    },
    recheck(caller, rule) {
      const token = tokenByCaller.get(caller)
      if (token === undefined) throw new TypeError('the caller is not from this guard')
      // Scopes and roles do not change: only time and new entries can change the decision for this
      // token.
      if (token.passedAtWallMs === clock.wallMs() && token.passedRevision === sync.revision()) return
      try {
        verifier.assertCurrent(token)
        const decision = decide(caller, rule)
        if (decision !== 'pass' && decision !== 'unknown-allowed') throw problemOf(decision, rule)
      } catch (error) {
        throw counted(error)
      }
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

function loginAgeSeconds({ claims }: Caller, timeMs: number | null): number {
  const { auth_time: loggedInAt } = claims as Partial<Caller['claims']>
  return timeMs === null || loggedInAt === undefined ? Number.POSITIVE_INFINITY : timeMs / 1000 - loggedInAt
}

function problemOf(code: ProblemCode, { scope, roles, maxAge }: Rule): ProblemError {
  if (code === 'reauthentication-required' && maxAge !== undefined)
    return new ProblemError(code, 'the log-in is too old', { maxAgeSeconds: maxAge })
  if (code !== 'insufficient-scope') return new ProblemError(code, 'a revocation, or no lease')
  const required = [...scope, ...roles.map(role => `role ${role}`)].join(', ')
  return new ProblemError(code, `requires ${required}`, { scope })
}
