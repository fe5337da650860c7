/** Connects revocations to guards: the feed answers polls, the barrier waits for acknowledgements, LISTEN wakes both. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@gatehouse/clock'
import type { Registry } from 'prom-client'
import { type Config, feedLimitsOf } from './config.ts'
import type { Database } from './database/database.ts'
import { listen } from './database/listen.ts'
import { createPolls, type Polls } from './feed/polls.ts'
import { createBarrier } from './revoke/barrier.ts'
import { revokeMetrics } from './revoke/metrics.ts'
import { recordReceipts } from './revoke/receipts.ts'
import { createRevocations, type Revocations } from './revoke/revoke.ts'
import type { BarrierDeps } from './revoke/sendRevocation.ts'
import { announceAcks, readLiveGuards } from './store/guards.ts'

export interface RevocationPipeline {
  revocations: Revocations
  barrierDeps: BarrierDeps
  polls: Polls
  /** For how long PostgreSQL's notifications have not been received, in milliseconds. */
  deafMs: () => number
  /** Closes the connection that listens for notifications. */
  close: () => Promise<void>
}

export interface RevocationPipelineOptions {
  database: Database
  clock: Clock
  metrics: Registry
  onError: (error: unknown) => void
}

export function createRevocationPipeline(
  config: Config,
  { database, clock, metrics, onError }: RevocationPipelineOptions,
): RevocationPipeline {
  const { rawSql: db, url } = database
  // A revocation is kept until every token that it can cover has expired.
  const revocations = createRevocations(database, config.ACCESS_TOKEN_SECONDS * 1000 + config.REVOCATION_MARGIN_MS)

  const bareBarrier = createBarrier({ read: () => readLiveGuards(db), clock, onError })
  const barrier = recordReceipts(revokeMetrics(metrics, bareBarrier), { db, onError })
  const maxWaitMs = config.LEASE_MS + config.LEASE_MARGIN_MS + config.DATABASE_TIMEOUT_MS

  const replicaId = randomUUID()
  const onAcks = () => {
    barrier.wake()
    announceAcks(db, replicaId).catch(onError)
  }
  const polls = createPolls({ db, clock, limits: feedLimitsOf(config), holdMs: config.POLL_HOLD_MS, onAcks })
  const listener = listen({
    url,
    clock,
    onError,
    onWake: (channel, from) => {
      if (channel === 'gatehouse_feed') polls.wake()
      else if (from !== replicaId) barrier.wake()
    },
  })
  return { revocations, barrierDeps: { barrier, maxWaitMs }, polls, deafMs: listener.deafMs, close: listener.close }
}
