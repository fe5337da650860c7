/**
 * Watches the history of the database, and gives the feed a new identity when it has changed
 * (docs/decisions/0029-a-changed-database-history-is-noticed.md).
 */
import type { Clock } from '@gatehouse/clock'
import { Counter, type Registry } from 'prom-client'
import type { SendStatement } from '../database/rawSql.ts'
import { adoptHistory, beat, type Heartbeat, type HistoryChange } from '../store/databaseHistory.ts'

export interface HistoryWatch {
  /** Compares on this connection, before its first use. An error does not make the connection useless. */
  onConnect: (send: SendStatement) => Promise<void>
  /** Compares again, because a statement has seen another history. Calls at the same time share one comparison. */
  check: () => Promise<void>
  /** Compares and raises the heartbeat at intervals, on any connection of the pool. */
  start: (send: SendStatement) => void
  /** Begins no further comparison. */
  close: () => void
}

export interface HistoryWatchOptions {
  clock: Clock
  metrics: Registry
  /** Lease and margin, in milliseconds. */
  holdMs: number
  /** How long this replica keeps a revocation: the lifetime of its tokens and the margin, in milliseconds. */
  retentionMs: number
  onChange: (change: HistoryChange) => void
  onError: (error: unknown) => void
}

const heartbeatMs = 2000

export function createHistoryWatch(options: HistoryWatchOptions): HistoryWatch {
  const { clock, metrics, holdMs, retentionMs, onChange, onError } = options
  const stop = new AbortController()
  let pooled: SendStatement | undefined
  let pending: Promise<void> | undefined
  let last: Heartbeat | undefined
  const changes = new Counter({
    name: 'gatehouse_database_history_changes_total',
    help: 'How often this replica noticed another history of the database and gave the feed a new identity',
    registers: [metrics],
  })

  const compare = async (send: SendStatement, lostFeedId: string | null = null) => {
    const change = await adoptHistory(send, { holdMs, lostFeedId })
    if (change === undefined) return
    changes.inc()
    onChange(change)
  }
  const check = () => {
    if (pooled === undefined) return Promise.resolve()
    pending ??= compare(pooled)
      .catch(onError)
      .finally(() => {
        pending = undefined
      })
    return pending
  }
  const heartbeat = async (send: SendStatement) => {
    await compare(send)
    // Covers the tokens that this replica signs until the next heartbeat, also if that comes late.
    const next = await beat(send, retentionMs + 2 * heartbeatMs)
    const isLost = last !== undefined && next !== undefined && next.feedId === last.feedId && next.beat <= last.beat
    last = next
    if (isLost) await compare(send, next.feedId)
  }
  const run = async (send: SendStatement) => {
    while (!stop.signal.aborted) {
      await heartbeat(send).catch(error => {
        if (!stop.signal.aborted) onError(error)
      })
      await clock.sleep(heartbeatMs, stop.signal).catch(() => undefined)
    }
  }
  return {
    // A database without the migrations has no history yet. The next statement reports any other error.
    onConnect: send => compare(send).catch(() => undefined),
    check,
    start: send => {
      pooled = send
      void run(send)
    },
    // A statement under way may never be answered: closing the pool ends it.
    close: () => stop.abort('closing'),
  }
}
