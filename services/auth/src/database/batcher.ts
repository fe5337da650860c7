/** Gathers what is asked for at nearly the same time, so that many callers cost one statement and one commit. */
import type { Clock } from '@gatehouse/clock'

export interface Batcher<Item, Result> {
  add: (item: Item) => Promise<Result>
}

export interface BatcherOptions<Item, Result> {
  /** What a batch waits for before it is gathered. */
  ready?: () => Promise<void>
  /** The work for a batch; it answers in the order of the items. */
  run: (items: Item[]) => Promise<Result[]>
  /** How many may be in one batch. */
  maxItems: number
  /** Of two items with one key the later one waits for another batch. */
  keyOf?: (item: Item) => unknown
  clock: Pick<Clock, 'sleep'>
}

/**
 * Whoever has waited so long for those under way waits no longer: a connection that hangs, or a row that is held, must not hold up
 * the others.
 */
const timeoutMs = 20

/**
 * One batch is under way at a time, and what arrives meanwhile is the next: no item is answered by work that had begun before it
 * was added.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { ready, run, maxItems, keyOf, clock } = options
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  let queue: Waiting[] = []
  const underWay = new Set<object>()
  let isScheduled = false
  let isWatched = false

  const schedule = () => {
    if (isScheduled || queue.length === 0) return
    if (underWay.size > 0) {
      void watch()
      return
    }
    isScheduled = true
    // What arrives with the same turn of the event loop comes along.
    setImmediate(begin)
  }

  const begin = async () => {
    isScheduled = false
    const own = {}
    underWay.add(own)
    if (ready !== undefined) await ready()
    const batch = take()
    schedule()
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    underWay.delete(own)
    schedule()
  }

  /** Only while somebody waits: a batch that nobody waits for costs no timer. */
  const watch = async () => {
    if (isWatched) return
    isWatched = true
    const awaited = [...underWay]
    await clock.sleep(timeoutMs)
    isWatched = false
    for (const one of awaited) underWay.delete(one)
    schedule()
  }

  const take = () => {
    const batch = new Map<unknown, Waiting>()
    const rest: Waiting[] = []
    for (const waiting of queue) {
      const key = keyOf ? keyOf(waiting.item) : waiting
      if (batch.size >= maxItems || batch.has(key)) rest.push(waiting)
      else batch.set(key, waiting)
    }
    queue = rest
    return [...batch.values()]
  }

  const add = (item: Item) =>
    new Promise<Result>((resolve, reject) => {
      queue.push({ item, resolve, reject })
      schedule()
    })
  return { add }
}
