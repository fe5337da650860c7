/**
 * Follows the feed: asks, applies, acknowledges by the next question, for as long as the process serves.
 *
 * One poll is outstanding at a time. What an answer covers is closed before the next poll is sent, since that poll is the
 * acknowledgement. A guard that must forget begins a new life under a new id: the old id's row then only delays.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@gatehouse/clock'
import type { PollResponse } from '@gatehouse/contract'
import { abandonPoll, applyResponse, beginPoll, createFollower, type Follower } from '@gatehouse/protocol'
import { backOffMs } from './backOff.ts'
import type { FeedClient, PollResult } from './feedClient.ts'

export interface FollowOptions {
  clock: Clock
  feed: FeedClient
  /** The auth replicas, tried in turn when one fails. */
  authUrls: readonly string[]
  name: string
  version: string
  random: () => number
  /** Closes what the answer covers; runs before the answer is acknowledged. */
  onApplied: (answer: PollResponse) => void
  onPolled: (polled: PollResult, authUrl: string) => void
}

/** One life: a guard's id and what it knows. */
export interface GuardIdentity {
  guard: string
  follower: Follower
}

export interface FeedFollower {
  /** The present life; another one after the feed changed. */
  identity(): GuardIdentity
  start(): void
  /** Stops asking, then says farewell. */
  stop(): Promise<void>
}

const afterRejectionMs = 5000
/** A feed holds a poll that has nothing to tell. One that answers at once, again and again, is broken: it must not be hammered. */
const minHoldMs = 20
const maxEarlyResponses = 3

export function follow(options: FollowOptions): FeedFollower {
  const { clock, feed, authUrls, random } = options
  const stopping = new AbortController()
  let identity = newIdentity()
  let loop: Promise<void> = Promise.resolve()
  let replica = Math.floor(random() * authUrls.length)
  let earlyResponses = 0

  /** One poll, and what it leads to; returns how long to wait before the next. */
  async function pollOnce(failures: number): Promise<{ failures: number; pauseMs: number }> {
    const { pollCursor, sentAt } = beginPoll(identity.follower, { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
    const authUrl = authUrls[replica % authUrls.length] ?? ''
    const request = { guard: identity.guard, name: options.name, version: options.version, ...pollCursor }
    const result = await feed.poll(authUrl, request, stopping.signal)
    if (stopping.signal.aborted) return { failures, pauseMs: 0 }

    options.onPolled(result, authUrl)
    if (result.kind === 'answered') {
      if (applyResponse(identity.follower, sentAt, result.response) === 'restart') identity = newIdentity()
      else options.onApplied(result.response)
      const isEarly = result.response.entries.length === 0 && clock.nowMs() - sentAt.nowMs < minHoldMs
      earlyResponses = isEarly ? earlyResponses + 1 : 0
      return { failures: 0, pauseMs: earlyResponses > maxEarlyResponses ? 50 + 50 * random() : 0 }
    }
    abandonPoll(identity.follower)
    if (result.kind === 'client-invalid') return { failures: failures + 1, pauseMs: afterRejectionMs }
    if (result.kind === 'feed-changed') identity = newIdentity()
    else replica += 1
    return { failures: failures + 1, pauseMs: backOffMs({ failures, replicas: authUrls.length, random: random() }) }
  }

  async function run(): Promise<void> {
    for (let failures = 0, pauseMs = 0; !stopping.signal.aborted; ) {
      if (pauseMs > 0) await clock.sleep(pauseMs, stopping.signal)
      ;({ failures, pauseMs } = await pollOnce(failures))
    }
  }

  return {
    identity: () => identity,
    start() {
      // The sleep rejects when the process stops, which is how the loop ends.
      loop = run().catch(error => {
        if (!stopping.signal.aborted) throw error
      })
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      await loop
      for (let index = 0; index < authUrls.length; index += 1) {
        if (await feed.leave(authUrls[(replica + index) % authUrls.length] ?? '', identity.guard)) return
      }
    },
  }
}

function newIdentity(): GuardIdentity {
  return { guard: randomUUID(), follower: createFollower() }
}
