/** The argument with one leg taken away at a time: the checker must notice each. */
import type { Follower, Instant } from '../src/index.ts'
import { type Rules, rules } from './rules.ts'

const eternity = Number.MAX_SAFE_INTEGER

/** Takes the lease of an answer as if its poll had been sent at another instant. */
function applyWithSentAt(chooseAsked: (follower: Follower, sentAt: Instant) => Instant): Rules['applyResponse'] {
  return (follower, sentAt, response) => {
    const replaced = chooseAsked(follower, sentAt)
    follower.pendingPoll = replaced
    return rules.applyResponse(follower, replaced, response)
  }
}

const mutations = {
  /** Any answer is taken for the answer to the outstanding poll. */
  'abandoned-believed': { applyResponse: applyWithSentAt((follower, sentAt) => follower.pendingPoll ?? sentAt) },
  'acked-before-applied': { isAppliedFirst: false },
  'barrier-skipped': { isBarrierKept: false },
  'entries-before-row': { isRowFirst: false },
  'epochs-come-back': { nextEpoch: epoch => epoch + 1 },
  'feed-id-kept': { isFeedRenewed: false },
  'head-after-entries': { isOneSnapshot: false },
  'late-poll-shortens': {
    decidePoll: (poll, row, now) =>
      rules.decidePoll(poll, row === null ? null : { ...row, leaseUntilMs: now.dbNowMs }, now),
  },
  'first-page-is-last': {
    applyResponse: (follower, sentAt, response) => rules.applyResponse(follower, sentAt, { ...response, more: false }),
  },
  /** Not unsafe, but the barrier lasts longer than a lease. */
  'lease-uncapped': {
    decidePoll: (poll, row, now) => rules.decidePoll(poll, row, { ...now, behindSinceMs: undefined }),
  },
  /** Not unsafe, but the memory grows for ever. */
  'never-forgotten': { removeExpired: () => 0 },
  'purged-early': { retentionShare: 0.2 },
  'restore-not-held': { isBarrierHeldAfterRestore: false },
  'row-lease-short': {
    decidePoll: (poll, row, now) =>
      rules.decidePoll(poll, row, { ...now, rules: { ...now.rules, marginMs: -0.3 * now.rules.leaseMs } }),
  },
  'shared-id': { isIdFresh: false },
  'thief-not-told': {
    explainRotation: (facts, retryWindowMs) => rules.explainRotation(facts, facts.dbNowMs + retryWindowMs),
  },
  'victim-accused': { explainRotation: facts => rules.explainRotation(facts, 0) },
  'wall-ignored': { mayDecide: (follower, at) => rules.mayDecide(follower, { ...at, wallMs: -eternity }) },
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

/** The lease is counted from the answer: the guard's next look at its clock, since `applyResponse` itself is told no time. */
function leaseFromAnswer(): Pick<Rules, 'applyResponse' | 'mayDecide'> {
  const fresh = new WeakMap<Follower, number>()
  return {
    applyResponse: (follower, sentAt, response) => {
      const received = rules.applyResponse(follower, sentAt, response)
      if (received === 'applied' && !response.more && response.leaseMs > 0) fresh.set(follower, response.leaseMs)
      return received
    },
    mayDecide: (follower, at) => {
      const leaseMs = fresh.get(follower)
      if (leaseMs !== undefined) follower.validUntil = { nowMs: at.nowMs + leaseMs, wallMs: at.wallMs + leaseMs }
      fresh.delete(follower)
      return rules.mayDecide(follower, at)
    },
  }
}
