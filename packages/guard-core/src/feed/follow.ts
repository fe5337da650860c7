/**
 * Follows the feed: sends a poll, applies the response, and acknowledges it with the next poll.
 *
 * One poll is pending at a time. Streams that a response covers are closed before the next poll is
 * sent, since that poll is the acknowledgement. A guard that must discard its entries continues
 * under a new id. Nothing renews the row of the old id; until its lease ends it can only delay a
 * barrier.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@gatehouse/clock'
import type { PollResponse } from '@gatehouse/contract'
import { abandonPoll, applyResponse, beginPoll, createFollower, type Follower } from '@gatehouse/protocol'
import { backOffMs } from './backOff.ts'
import type { FeedClient, PollResult } from './feedClient.ts'
import { createLoop } from './loop.ts'

export interface FollowOptions {
  clock: Clock
  feed: FeedClient
  /** The URLs of the auth replicas. The next is tried when one fails. */
  authUrls: readonly string[]
  name: string
  version: string
  /** Tells operators how much a revocation can close. */
  openStreams: () => number
  random: () => number
  /** Acts on an applied response. It runs before the response is acknowledged. */
  onApplied: (response: PollResponse) => void
  onPolled: (result: PollResult, authUrl: string) => void
}

/** A guard's id and its state. */
export interface GuardIdentity {
  guard: string
  follower: Follower
}

export interface FeedFollower {
  /** The current identity. It changes when the feed has changed. */
  identity(): GuardIdentity
  start(): void
  /** Stops polling, ends the lease, then leaves the feed. */
  stop(): Promise<void>
}

/** The pause after a refusal that only an operator can resolve. */
const afterRejectionMs = 5000
/**
 * A feed holds a poll when there are no entries. When responses come earlier several times in a
 * row, the guard slows down.
 */
const minHoldMs = 20
const maxEarlyResponses = 3

export function follow(options: FollowOptions): FeedFollower {
  const { clock, feed, authUrls, random } = options
  let identity = newIdentity()
  let replica = Math.floor(random() * authUrls.length)
  let earlyResponses = 0

  /**
   * Sends one poll and handles its result.
   * @returns the number of failures and the pause before the next poll
   */
  async function pollOnce(failures: number, stopping: AbortSignal): Promise<{ failures: number; pauseMs: number }> {
    const { pollCursor, sentAt } = beginPoll(identity.follower, { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
    const authUrl = authUrls[replica % authUrls.length] ?? ''
    const { name, version } = options
    const request = { guard: identity.guard, name, version, openStreams: options.openStreams(), ...pollCursor }
    const result = await feed.poll(authUrl, request, stopping)
    const receivedAtMs = clock.nowMs()
    if (stopping.aborted) return { failures, pauseMs: 0 }

    options.onPolled(result, authUrl)
    if (result.kind === 'answered') {
      const { response } = result
      if (applyResponse(identity.follower, response, { sentAt, receivedAtMs }) === 'restart') identity = newIdentity()
      else options.onApplied(response)
      const isEarly = response.entries.length === 0 && receivedAtMs - sentAt.nowMs < minHoldMs
      earlyResponses = isEarly ? earlyResponses + 1 : 0
      return { failures: 0, pauseMs: earlyResponses > maxEarlyResponses ? 50 + 50 * random() : 0 }
    }
    abandonPoll(identity.follower)
    if (result.kind === 'client-invalid' || result.kind === 'settings-conflict')
      return { failures: failures + 1, pauseMs: afterRejectionMs }
    if (result.kind === 'feed-changed') identity = newIdentity()
    else replica += 1
    return { failures: failures + 1, pauseMs: backOffMs({ failures, replicas: authUrls.length, random: random() }) }
  }

  const loop = createLoop(async stopping => {
    for (let failures = 0, pauseMs = 0; !stopping.aborted; ) {
      if (pauseMs > 0) await clock.sleep(pauseMs, stopping)
      ;({ failures, pauseMs } = await pollOnce(failures, stopping))
    }
  })

  return {
    identity: () => identity,
    start: loop.start,
    async stop() {
      await loop.stop()
      const { guard } = identity
      // From now on revocations do not wait for this guard, so it ends its lease.
      identity = newIdentity()
      for (let index = 0; index < authUrls.length; index += 1) {
        if (await feed.leave(authUrls[(replica + index) % authUrls.length] ?? '', guard)) return
      }
    },
  }
}

function newIdentity(): GuardIdentity {
  return { guard: randomUUID(), follower: createFollower() }
}
