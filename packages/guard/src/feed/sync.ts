/** Keeps the memory of revocations true: by the feed, which brings entries, and by time, which takes them away. */
import type { Follower } from '@gatehouse/protocol'
import type { ResolvedOptions } from '../options.ts'
import type { StreamTracker } from '../streams.ts'
import { watchExpiry } from './expiry.ts'
import { createFeedClient, type PollResult } from './feedClient.ts'
import { follow } from './follow.ts'

export interface FeedEvents {
  onPolled(polled: PollResult): void
  onLapsed(): void
  onRegained(): void
}

export interface FeedSync {
  follower(): Follower
  /** Another number whenever the memory has learnt something. */
  revision(): number
  start(): void
  stop(): Promise<void>
}

export function createSync(settings: ResolvedOptions, streams: StreamTracker, events: FeedEvents): FeedSync {
  const { clock, log, clockToleranceMs: toleranceMs } = settings
  let revision = 1
  const feedFollower = follow({
    ...settings,
    feed: createFeedClient(settings),
    onApplied(answer) {
      if (answer.entries.length > 0) revision += 1
      streams.revoke(answer.entries)
      expiry.checkLease()
    },
    onPolled(polled, authUrl) {
      events.onPolled(polled)
      if (polled.kind === 'client-invalid') log.error({ authUrl }, 'the feed refuses this client: check id and secret')
      else if (polled.kind !== 'answered') log.warn({ authUrl, ...polled }, 'a poll of the feed failed')
    },
  })
  const follower = () => feedFollower.identity().follower
  const expiry = watchExpiry({
    clock,
    follower,
    streams,
    toleranceMs,
    onLapsed() {
      events.onLapsed()
      log.warn({}, 'the lease has lapsed: revocation is unknown until the feed answers again')
    },
    onRegained() {
      events.onRegained()
      log.info({ cursor: follower().cursor }, 'the lease stands: deciding from memory')
    },
  })

  return {
    follower,
    revision: () => revision,
    start() {
      feedFollower.start()
      expiry.start()
    },
    async stop() {
      await Promise.all([expiry.stop(), feedFollower.stop()])
    },
  }
}
