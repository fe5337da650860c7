/** Runs a script of `vectors/feed` against this project's rules, step by step. */
import { PollResponse } from '@gatehouse/contract'
import { authorize } from '@gatehouse/guard'
import { createFeedKeys, type FeedKeys, keysFromJwks, type PublicKey } from '@gatehouse/guard-core'
import * as protocol from '@gatehouse/protocol'
import { Compile } from 'typebox/schema'
import type { FeedScript, ScriptStep } from '../../src/vectors.ts'

const schema = Compile(PollResponse)

interface Run {
  follower: protocol.Follower
  polls: Map<string, { follower: protocol.Follower; sentAt: protocol.Instant }>
  wallAheadMs: number
  published: Map<string, PublicKey>
  keys: FeedKeys
}

/**
 * @param script a script of `vectors/feed`
 * @returns a sentence for each step whose result differs
 */
export function mismatchesOf(script: FeedScript): string[] {
  const published = publishedKeys(script.jwks)
  const run: Run = {
    follower: protocol.createFollower(),
    polls: new Map(),
    wallAheadMs: 0,
    published,
    keys: keysOf(published),
  }
  return script.steps.flatMap((step, index) => {
    const mismatch = performStep(script, step, run)
    return mismatch === null ? [] : [`step ${index + 1} at ${step.atMs} ms: ${mismatch}`]
  })
}

function publishedKeys(jwks = { keys: [] as Record<string, unknown>[] }): Map<string, PublicKey> {
  return new Map(keysFromJwks(jwks, 20).map(key => [key.kid, key]))
}

function keysOf(published: Map<string, PublicKey>): FeedKeys {
  return createFeedKeys({
    find: kid => published.get(kid),
    fetchKey: async kid => published.get(kid),
    isLoaded: () => true,
    start: async () => {},
    stop: async () => {},
  })
}

function performStep(script: FeedScript, step: ScriptStep, run: Run): string | null {
  const now = { nowMs: step.atMs, wallMs: script.wallMs + step.atMs + run.wallAheadMs }
  if ('wallAheadMs' in step) run.wallAheadMs = step.wallAheadMs
  if ('jwks' in step) for (const [kid, key] of publishedKeys(step.jwks)) run.published.set(kid, key)
  if ('abandon' in step) protocol.abandonPoll(run.follower)
  if ('feedChanged' in step) run.follower = protocol.createFollower()
  if ('begin' in step) {
    const { pollCursor, sentAt } = protocol.beginPoll(run.follower, now)
    run.polls.set(step.begin, { follower: run.follower, sentAt })
    return difference(pollCursor.after ?? null, step.after)
  }
  if ('answer' in step) return difference(answer(step, run, now.nowMs), step.result)
  const timeMs = run.follower.time === null ? null : protocol.feedNowMs(run.follower.time, now.nowMs)
  if (timeMs !== null)
    protocol.removeExpired(run.follower.index, { expiredAtMs: timeMs - script.toleranceMs, max: 1000 })
  if ('entries' in step) return difference(protocol.entryCount(run.follower.index), step.entries)
  if ('kid' in step) return difference(run.keys.find(step.kid) ? 'accepted' : 'refused', step.expect)
  if ('token' in step) return difference(decision(script, step, { run, now, timeMs }), step.expect)
  return null
}

type AnswerStep = Extract<ScriptStep, { answer: string }>
type TokenStep = Extract<ScriptStep, { token: unknown }>

function answer(step: AnswerStep, run: Run, receivedAtMs: number): string {
  const poll = run.polls.get(step.answer)
  if (poll === undefined) return 'no such poll'
  if (!schema.Check(step.response)) {
    protocol.abandonPoll(run.follower)
    return 'failed'
  }
  if (poll.follower !== run.follower) return 'ignored'
  const result = protocol.applyResponse(run.follower, step.response, { sentAt: poll.sentAt, receivedAtMs })
  if (result === 'restart') run.follower = protocol.createFollower()
  if (result === 'applied') run.keys.apply(run.follower.index.keys, step.response)
  return result
}

function decision(
  { toleranceMs }: FeedScript,
  { token, onUnknown }: TokenStep,
  { run, now, timeMs }: { run: Run; now: protocol.Instant; timeMs: number | null },
): string {
  if (timeMs === null) return 'revocation-unknown'
  if (token.exp !== undefined && timeMs >= token.exp * 1000 + toleranceMs) return 'token-expired'
  const caller = { scopes: [], roles: [] }
  const facts = {
    caller,
    revoked: protocol.lookup(run.follower.index, token),
    hasLease: protocol.hasLease(run.follower, now),
  }
  const result = authorize(facts, { scope: [], roles: [], onUnknown: onUnknown ?? 'refuse' })
  return result === 'unknown-allowed' ? 'pass' : result
}

function difference(actual: unknown, expected: unknown): string | null {
  return actual === expected ? null : `expected ${expected}, got ${actual}`
}
