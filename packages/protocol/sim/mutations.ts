/** Mutations: each removes one part of the argument, and the checker must notice it. */
import type { Follower, Instant } from '../src/index.ts'
import { type Rules, rules } from './rules.ts'

const never = Number.MIN_SAFE_INTEGER

/** Applies a response as if its poll had been sent at another instant. */
function applyWithSentAt(chooseSentAt: (follower: Follower, sentAt: Instant) => Instant): Rules['applyResponse'] {
  return (follower, response, { sentAt, receivedAtMs }) => {
    const replaced = chooseSentAt(follower, sentAt)
    follower.pendingPoll = replaced
    return rules.applyResponse(follower, response, { sentAt: replaced, receivedAtMs })
  }
}

const mutations = {
  /** The response to an abandoned poll counts as the response to the pending poll. */
  'abandoned-believed': { applyResponse: applyWithSentAt((follower, sentAt) => follower.pendingPoll ?? sentAt) },
  'acked-before-applied': { isAppliedFirst: false },
  'barrier-skipped': { isBarrierKept: false },
  'entries-before-row': { isRowFirst: false },
  'decided-at-the-headers': { isDecidedAgain: false },
  'epochs-come-back': { nextEpoch: epoch => epoch + 1 },
  'feed-id-kept': { isFeedRenewed: false },
  'head-after-entries': { isOneSnapshot: false },
  'key-signs-at-once': { isKeyHeldFirst: false },
  'late-poll-shortens': {
    decidePoll: (poll, row, now) =>
      rules.decidePoll(poll, row === null ? null : { ...row, leaseUntilMs: now.dbNowMs }, now),
  },
  'first-page-is-last': {
    applyResponse: (follower, response, times) => rules.applyResponse(follower, { ...response, more: false }, times),
  },
  /** It is safe, but a barrier can last longer than a lease. */
  'lease-uncapped': {
    decidePoll: (poll, row, now) => rules.decidePoll(poll, row, { ...now, behindSinceMs: undefined }),
  },
  /** It is safe, but the index grows without limit. */
  'never-forgotten': { removeExpired: () => 0 },
  'purged-early': { retentionShare: 0.2 },
  'fail-over-not-held': { isBarrierHeld: false },
  'fail-over-not-noticed': { isHistoryChecked: false },
  'row-lease-short': {
    decidePoll: (poll, row, now) =>
      rules.decidePoll(poll, row, { ...now, rules: { ...now.rules, marginMs: -0.3 * now.rules.leaseMs } }),
  },
  'shared-id': { isIdFresh: false },
  'ahead-signed-out': {
    explainRotation: (facts, retryWindowMs) => {
      const decision = rules.explainRotation(facts, retryWindowMs)
      return decision.kind === 'ahead' ? { kind: 'reject', code: 'session-ended' } : decision
    },
  },
  'reuse-not-noticed': {
    explainRotation: (facts, retryWindowMs) => rules.explainRotation(facts, facts.dbNowMs + retryWindowMs),
  },
  'retry-taken-for-reuse': { explainRotation: facts => rules.explainRotation(facts, 0) },
  /** The guard judges tokens and removes entries by the wall clock of its host. */
  'wall-clock-used': { guardTimeMs: (_follower, { wallMs }) => wallMs },
  'wall-ignored': { hasLease: (follower, at) => rules.hasLease(follower, { ...at, wallMs: never }) },
} satisfies Record<string, Partial<Rules>>

export type MutationName = keyof typeof mutations | 'lease-from-answer'
export const mutationNames: readonly MutationName[] = [
  ...(Object.keys(mutations) as (keyof typeof mutations)[]),
  'lease-from-answer',
]

export function isMutation(name: string): name is MutationName {
  return mutationNames.some(known => known === name)
}

export function mutated(name: MutationName): Rules {
  return name === 'lease-from-answer' ? { ...rules, ...leaseFromAnswer() } : { ...rules, ...mutations[name] }
}

/**
 * The lease is counted from the response: from the guard's next clock reading, since
 * `applyResponse` gets no wall-clock time.
 */
function leaseFromAnswer(): Pick<Rules, 'applyResponse' | 'hasLease'> {
  const fresh = new WeakMap<Follower, number>()
  return {
    applyResponse: (follower, response, times) => {
      const applied = rules.applyResponse(follower, response, times)
      if (applied === 'applied' && !response.more && response.leaseMs > 0) fresh.set(follower, response.leaseMs)
      return applied
    },
    hasLease: (follower, at) => {
      const leaseMs = fresh.get(follower)
      if (leaseMs !== undefined) follower.validUntil = { nowMs: at.nowMs + leaseMs, wallMs: at.wallMs + leaseMs }
      fresh.delete(follower)
      return rules.hasLease(follower, at)
    },
  }
}
