/** Groups items that arrive at nearly the same time, so that many callers share one statement and one commit. */
import type { Clock } from '@gatehouse/clock'
import { ProblemError } from '@gatehouse/contract'

export interface Batcher<Item, Result> {
  add: (item: Item) => Promise<Result>
}

export interface BatcherOptions<Item, Result> {
  /** Resolves before each batch is taken from the queue. */
  ready?: () => Promise<void>
  /** Processes a batch; returns the results in the order of the items. */
  run: (items: Item[]) => Promise<Result[]>
  /** The largest batch. */
  maxItems: number
  /** Beyond this number of waiting items, an item is refused at once instead of timing out later; 10,000 by default. */
  maxWaiting?: number
  /** Of two items with the same key, the later item waits for another batch. */
  keyOf?: (item: Item) => unknown
  clock: Pick<Clock, 'sleep'>
}

/** More than a second of work: a caller that is refused repeats after `Retry-After`. */
const defaultMaxWaiting = 10_000

/** After this time the queue no longer waits for a running batch: a connection that hangs or a locked row must not block it. */
const timeoutMs = 20

/**
 * Runs one batch at a time; items that arrive meanwhile form the next batch. No result comes from work that began before its
 * item was added.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { ready, run, maxItems, maxWaiting = defaultMaxWaiting, keyOf, clock } = options
  type Pending = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  let queue: Pending[] = []
  const running = new Set<object>()
  let isScheduled = false
  let isTimerActive = false

  const schedule = () => {
    if (isScheduled || queue.length === 0) return
    if (running.size > 0) {
      void startTimer()
      return
    }
    isScheduled = true
    // Items that arrive in the same turn of the event loop join the batch.
    setImmediate(runNext)
  }

  const runNext = async () => {
    isScheduled = false
    const batchId = {}
    running.add(batchId)
    if (ready !== undefined) await ready()
    const batch = take()
    schedule()
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    running.delete(batchId)
    schedule()
  }

  /** Runs only while items wait, so that an idle batcher costs no timer. */
  const startTimer = async () => {
    if (isTimerActive) return
    isTimerActive = true
    const overdue = [...running]
    await clock.sleep(timeoutMs)
    isTimerActive = false
    for (const batchId of overdue) running.delete(batchId)
    schedule()
  }

  const take = () => {
    const batch = new Map<unknown, Pending>()
    const rest: Pending[] = []
    for (const pending of queue) {
      const key = keyOf ? keyOf(pending.item) : pending
      if (batch.size >= maxItems || batch.has(key)) rest.push(pending)
      else batch.set(key, pending)
    }
    queue = rest
    return [...batch.values()]
  }

  const add = (item: Item) =>
    new Promise<Result>((resolve, reject) => {
      if (queue.length >= maxWaiting) throw new ProblemError('overloaded', `${maxWaiting} items wait for a statement`)
      queue.push({ item, resolve, reject })
      schedule()
    })
  return { add }
}
