/** Gathers what is asked for at nearly the same time, so that many guards cost one statement. */

export interface Batch<Item, Result> {
  add: (item: Item) => Promise<Result>
}

/**
 * Runs one batch at a time: what arrives meanwhile is the next one. An item is therefore never answered by work that had
 * begun before it was added.
 * @param run the work for a batch; it answers in the order of the items
 * @param most how many may be in one batch
 */
export function createBatch<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  most: number,
): Batch<Item, Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const queue: Waiting[] = []
  let isRunning = false

  const drain = async () => {
    const batch = queue.splice(0, most)
    try {
      const results = await run(batch.map(({ item }) => item))
      batch.forEach(({ resolve }, place) => {
        resolve(results[place] as Result)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    if (queue.length > 0) setImmediate(drain)
    else isRunning = false
  }

  const add = (item: Item) =>
    new Promise<Result>((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (isRunning) return
      isRunning = true
      setImmediate(drain)
    })
  return { add }
}
