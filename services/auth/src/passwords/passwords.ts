/** Hashes and verifies passwords on worker threads, with a bounded queue. */
import { availableParallelism } from 'node:os'
import { ProblemError } from '@gatehouse/contract'
import { Piscina } from 'piscina'
import { adaptiveBatchSize } from './adaptiveBatchSize.ts'
import { isOutdated } from './argon2.ts'
import type { HashJob, HashResult } from './hashWorker.ts'
import type { RequireAcceptable } from './passwordPolicy.ts'
import type { RenewalPriority } from './renewalPriority.ts'

export interface Passwords extends PasswordHasher {
  /** Checks a new password. @throws ProblemError `request-malformed` */
  requireAcceptable: RequireAcceptable
}

export interface PasswordHasher {
  hash: (password: string) => Promise<string>
  /**
   * Verifies a password in the same time whether the account exists or not.
   * @param hashed the stored hash; undefined when the account does not exist
   * @throws ProblemError `overloaded` when the queue is full
   */
  verify: (password: string, hashed: string | undefined) => Promise<boolean>
  /** Whether a hash was made with weaker parameters than today's. */
  isOutdated: (hashed: string) => boolean
  /** Starts the threads before the first password arrives. */
  warmUp: () => Promise<void>
  close: () => Promise<void>
}

export interface PasswordOptions {
  threads: number
  /** Maximum number of queued jobs; beyond it `overloaded` is thrown. */
  queue: number
  /** While renewals claim priority, one core is left to them. */
  renewalPriority: Pick<RenewalPriority, 'isClaimed'>
  /** CPU cores that this process may use; detected by default. */
  cores?: number
}

/** Larger batches bring no further gain (docs/performance.md). */
const maxBatchSize = 16

const noResult: HashResult = { error: 'the thread returned no result' }

interface QueuedJob {
  job: HashJob
  resolve: (value: string | boolean) => void
  reject: (error: unknown) => void
}

export function createPasswordHasher(options: PasswordOptions): PasswordHasher {
  const { threads, queue, renewalPriority, cores = availableParallelism() } = options
  const pool = createPool(threads)
  const jobs: QueuedJob[] = []
  let running = 0
  const threadsWhileClaimed = Math.max(1, Math.min(threads, cores - 1))
  const allowedThreads = () => (renewalPriority.isClaimed() ? threadsWhileClaimed : threads)
  const hasFreeThread = () => running < allowedThreads()
  const nextBatchSize = adaptiveBatchSize(maxBatchSize)

  const startBatches = () => {
    while (hasFreeThread() && jobs.length > 0) {
      const batch = jobs.splice(0, nextBatchSize(jobs.length, allowedThreads()))
      running += 1
      void runBatch(batch)
    }
  }
  const runBatch = async (taken: readonly QueuedJob[]) => {
    try {
      const results = await pool.run(taken.map(({ job }) => job))
      for (const [index, { resolve, reject }] of taken.entries()) {
        const result = results[index] ?? noResult
        if ('error' in result) reject(new Error(result.error))
        else resolve(result.value)
      }
    } catch (error) {
      for (const { reject } of taken) reject(error)
    }
    running -= 1
    startBatches()
  }
  const enqueue = (job: HashJob) =>
    new Promise<string | boolean>((resolve, reject) => {
      if (!hasFreeThread() && jobs.length >= queue) {
        reject(new ProblemError('overloaded', 'the queue for hashing passwords is full'))
        return
      }
      jobs.push({ job, resolve, reject })
      startBatches()
    })

  const hash = async (password: string) => String(await enqueue({ password }))
  let dummyHash: Promise<string> | undefined
  /** Bypasses the queue: a full queue must not be remembered as a missing hash. */
  const createDummyHash = async () => {
    const [result = noResult] = await pool.run([{ password: 'password of the dummy hash' }])
    if ('error' in result) throw new Error(result.error)
    return String(result.value)
  }
  const getDummyHash = () => {
    dummyHash ??= createDummyHash().catch(error => {
      dummyHash = undefined
      throw error
    })
    return dummyHash
  }
  return {
    hash,
    verify: async (password, hashed) => {
      // Awaited in both cases, so that both take the same time.
      const dummy = await getDummyHash()
      const isRight = await enqueue({ password, hashed: hashed ?? dummy })
      return isRight === true && hashed !== undefined
    },
    isOutdated,
    warmUp: async () => {
      await getDummyHash()
    },
    close: pool.close,
  }
}

/** Workers start lazily, to keep start-up short. */
function createPool(threads: number) {
  let pool: Piscina<HashJob[], HashResult[]> | undefined
  const start = () =>
    new Piscina<HashJob[], HashResult[]>({
      filename: new URL('./hashWorker.js', import.meta.url).href,
      name: 'work',
      minThreads: threads,
      maxThreads: threads,
    })
  return {
    run: (jobs: HashJob[]) => {
      pool ??= start()
      return pool.run(jobs)
    },
    close: async () => {
      await pool?.destroy()
    },
  }
}
