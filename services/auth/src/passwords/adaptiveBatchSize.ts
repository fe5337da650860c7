/**
 * How many passwords a hashing thread is given at a time.
 *
 * Answers that come together cost a fraction of what each costs alone, for caches are full of somebody's 19 MiB after every hash.
 * But whoever is hashed first waits for the last. So a portion is of one at first, and of twice as many each time that others are
 * left waiting: a few who come at once are answered one after the other, and a flood soon by the dozen.
 *
 * @returns for a number of waiting ones, and of the threads that will share them: how many the next thread takes
 */
export function adaptiveBatchSize(maxSize: number): (queued: number, threads: number) => number {
  let size = 1
  return (queued, threads) => {
    // Two are never hashed one after the other while a thread has nothing to do.
    const taken = Math.min(size, Math.ceil(queued / threads))
    size = taken < queued ? Math.min(maxSize, 2 * size) : 1
    return taken
  }
}
