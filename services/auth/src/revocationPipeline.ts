/** Connects revocations to guards: the feed answers polls, the barrier waits for acknowledgements, LISTEN wakes both. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@gatehouse/clock'
import type { Registry } from 'prom-client'
import { type Config, feedLimitsOf, retentionMsOf } from './config.ts'
import type { Database } from './database/database.ts'
import { type ListenOptions, listen } from './database/listen.ts'
import type { HistoryWatch } from './feed/historyWatch.ts'
import { pollForWakes } from './feed/pollForWakes.ts'
import { createPolls, type Polls } from './feed/polls.ts'
import { createBarrier } from './revoke/barrier.ts'
import { revocationBatchMetric, revokeMetrics } from './revoke/metrics.ts'
import { recordReceipts } from './revoke/recordReceipts.ts'
import { createRevocations, type Revocations } from './revoke/revoke.ts'
import type { BarrierDeps } from './revoke/sendWhenInForce.ts'
import { announceAcks, readLiveGuards } from './store/guards.ts'

export interface RevocationPipeline {
  revocations: Revocations
  barrierDeps: BarrierDeps
  polls: Polls
  /** For how long PostgreSQL's notifications have not been received, in milliseconds. */
  outageMs: () => number
  /** Closes the connection that listens for notifications. */
  close: () => Promise<void>
}

export interface RevocationPipelineOptions {
  database: Database
  history: HistoryWatch
  clock: Clock
  metrics: Registry
  onError: (error: unknown) => void
  /** A key of access tokens has changed. */
  onKeys: () => void
}

/** How often a replica reads with `WAKE=poll`. */
const pollMs = 50

export function createRevocationPipeline(
  config: Config,
  { database, history, clock, metrics, onError, onKeys }: RevocationPipelineOptions,
): RevocationPipeline {
  const { rawSql: db, direct } = database
  history.start(db.query)
  const retentionMs = retentionMsOf(config)
  const onBatch = revocationBatchMetric(metrics)
  const revocations = createRevocations(database, { retentionMs, clock, onBatch })

  const bareBarrier = createBarrier({
    read: () => readLiveGuards(db),
    clock,
    onHistoryChanged: () => void history.check(),
    onError,
    ...(config.WAKE === 'poll' && { rereadMs: pollMs }),
  })
  const barrier = recordReceipts(revokeMetrics(metrics, bareBarrier), { db, clock, onError })
  const maxWaitMs = config.LEASE_MS + config.LEASE_MARGIN_MS + config.DATABASE_TIMEOUT_MS

  const replicaId = randomUUID()
  const onAcks = () => {
    barrier.wake()
    announceAcks(db, replicaId).catch(onError)
  }
  const polls = createPolls({ db, clock, limits: feedLimitsOf(config), holdMs: config.POLL_HOLD_MS, onAcks })
  const onWake: ListenOptions['onWake'] = (channel, from) => {
    if (channel === 'gatehouse_feed') polls.wake()
    else if (channel === 'gatehouse_keys') onKeys()
    else if (from !== replicaId) barrier.wake()
  }
  const onEntries = () => {
    polls.wake()
    onKeys()
  }
  const listener =
    config.WAKE === 'poll'
      ? pollForWakes({ db, clock, onError, onWake: onEntries, periodMs: pollMs })
      : listen({ connections: direct, clock, onError, onWake })
  const close = async () => {
    history.close()
    await listener.close()
  }
  return { revocations, barrierDeps: { barrier, maxWaitMs }, polls, outageMs: listener.outageMs, close }
}
