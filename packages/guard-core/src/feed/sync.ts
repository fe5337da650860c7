/** Keeps the guard's entries complete and current: connects the feed, the expiry of entries and the open streams. */
import { type Follower, feedNowMs } from '@gatehouse/protocol'
import type { FeedKeys } from '../keys/feedKeys.ts'
import type { ResolvedOptions } from '../options.ts'
import type { StreamTracker } from '../streams.ts'
import { watchExpiry } from './expiry.ts'
import { createFeedClient, type GuardSettingsError, type PollResult } from './feedClient.ts'
import { follow } from './follow.ts'

export interface FeedEvents {
  onPolled(result: PollResult): void
  onLapsed(): void
  onRegained(): void
  /**
   * The settings of the guard and of the auth service contradict each other, so the guard does not
   * decide.
   */
  onConflict(error: GuardSettingsError): void
}

export interface FeedSync {
  follower(): Follower
  /** A number that changes whenever entries have been applied. */
  revision(): number
  start(): void
  stop(): Promise<void>
}

/**
 * A larger difference between the host's wall clock and the database is logged. No decision depends
 * on it.
 */
const maxClockOffsetMs = 2000

export function createSync(
  settings: ResolvedOptions,
  { streams, keys }: { streams: StreamTracker; keys: FeedKeys },
  events: FeedEvents,
): FeedSync {
  const { clock, log, clockToleranceMs: toleranceMs } = settings
  let revision = 1
  let isOffsetLogged = false
  const feedFollower = follow({
    ...settings,
    feed: createFeedClient(settings),
    openStreams: streams.size,
    onApplied(response) {
      if (response.entries.length > 0) revision += 1
      keys.apply(follower().index.keys, response)
      streams.revoke(response.entries)
      expiry.checkLease()
      checkClock()
    },
    onPolled(result, authUrl) {
      events.onPolled(result)
      if (result.kind === 'settings-conflict') events.onConflict(result.error)
      logPoll(result, authUrl)
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
      log.warn({}, 'the lease has ended: revocations are unknown until the feed answers')
    },
    onRegained() {
      events.onRegained()
      log.info({ cursor: follower().cursor }, 'the guard holds a lease')
    },
  })

  function logPoll(result: PollResult, authUrl: string): void {
    if (result.kind === 'answered') return
    if (result.kind === 'settings-conflict') log.error({ authUrl }, result.error.message)
    else if (result.kind === 'client-invalid')
      log.error({ authUrl }, 'the feed refuses the service client: check its id, its secret and its scope guard')
    else log.warn({ authUrl, ...result }, 'a poll of the feed failed')
  }

  /** Logs once when the wall clock of this host is wrong, and once when it is right again. */
  function checkClock(): void {
    const { time } = follower()
    if (time === null) return
    const clockOffsetMs = Math.round(clock.wallMs() - feedNowMs(time, clock.nowMs()))
    const isWrong = Math.abs(clockOffsetMs) > maxClockOffsetMs
    if (isWrong && !isOffsetLogged)
      log.warn({ clockOffsetMs }, "the wall clock of this host differs from the database's; no decision depends on it")
    if (!isWrong && isOffsetLogged)
      log.info({ clockOffsetMs }, "the wall clock of this host agrees with the database's")
    isOffsetLogged = isWrong
  }

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
