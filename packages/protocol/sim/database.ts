/** The database as replicas see it: statements take time, fail, or succeed without their response arriving. */
import type { MachineClock } from './clocks.ts'
import type { Process, Processes } from './processes.ts'
import type { Random } from './random.ts'
import type { Tables } from './tables.ts'
import type { Timeline } from './timeline.ts'

export type Statement<Result> = (tables: Tables, dbNowMs: number) => Result

export type Channel = 'feed' | 'acks'

export interface Database {
  tables: () => Tables
  dbNowMs: () => number
  /** Runs a statement. `then` gets undefined when it failed, or when its response was lost. */
  query: <Result>(process: Process, statement: Statement<Result>, then: (result: Result | undefined) => void) => void
  /**
   * Listens to notifications of entries or acknowledgements. A lost notification costs time only.
   */
  listen: (channel: Channel, listener: () => void) => void
  notify: (channel: Channel) => void
  fail: (forMs: number) => void
  backUp: () => void
  /** Promotes a standby that has what was last backed up: later commits are lost. */
  failOver: () => void
  calm: () => void
}

export interface DatabaseOptions {
  timeline: Timeline
  processes: Processes
  random: Random
  clock: MachineClock
  tables: Tables
}

export function createDatabase({ timeline, processes, random, clock, tables: first }: DatabaseOptions): Database {
  const listeners = { feed: new Set<() => void>(), acks: new Set<() => void>() }
  const slowProbability = random.pick([0.01, 0.05])
  const notifyLoss = random.pick([0, 0.1, 0.5])
  let tables = first
  let backup: Tables | undefined
  let isCalm = false
  let failsUntilMs = 0

  const dbNowMs = () => clock.read().wallMs
  const delayMs = () => (!isCalm && random.happens(slowProbability) ? random.between(5, 300) : random.between(0.2, 2))

  const query: Database['query'] = (process, statement, then) => {
    timeline.after(delayMs(), () => {
      const isFailing = failsUntilMs > timeline.trueMs() || (!isCalm && random.happens(0.005))
      const result = isFailing ? undefined : statement(tables, dbNowMs())
      const isDelivered = isCalm || !random.happens(0.005)
      processes.later(process, delayMs(), () => then(isDelivered ? result : undefined))
    })
  }
  const notify = (channel: Channel) => {
    for (const listener of listeners[channel]) {
      if (isCalm || !random.happens(notifyLoss)) timeline.after(random.between(0.5, 3), listener)
    }
  }
  const failOver = () => {
    const { timeline } = tables
    tables = structuredClone(backup ?? tables)
    tables.timeline = timeline + 1
    tables.promotedAtMs = dbNowMs()
  }
  return {
    tables: () => tables,
    dbNowMs,
    query,
    listen: (channel, listener) => listeners[channel].add(listener),
    notify,
    fail: forMs => {
      failsUntilMs = timeline.trueMs() + forMs
    },
    backUp: () => {
      backup = structuredClone(tables)
    },
    failOver,
    calm: () => {
      isCalm = true
    },
  }
}
