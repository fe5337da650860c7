/** Hashes and checks passwords on threads of their own, with a short queue. */
import { availableParallelism } from 'node:os'
import { ProblemError } from '@gatehouse/contract'
import { Piscina } from 'piscina'
import { adaptiveBatchSize } from './adaptiveBatchSize.ts'
import { isOutdated } from './argon2.ts'
import type { Job, Result } from './hashWorker.ts'
import type { RenewalPriority } from './renewalPriority.ts'

export interface Passwords {
  hash: (password: string) => Promise<string>
  /**
   * Checks a password in the same time whether there is a hash or not.
   * @param hashed the stored hash; undefined for an account that does not exist
   */
  verify: (password: string, hashed: string | undefined) => Promise<boolean>
  /** Whether a hash was made with weaker parameters than today's. */
  isOutdated: (hashed: string) => boolean
  /** Makes the threads ready before the first password comes. */
  warmUp: () => Promise<void>
  close: () => Promise<void>
}

export interface PasswordOptions {
  threads: number
  /** How many may wait; beyond it: 503 at once. */
  queue: number
  /** While it is claimed, a core is left free. */
  rightOfWay: Pick<RenewalPriority, 'isClaimed'>
  /** Of the machine, as far as this process may use them. */
  cores?: number
}

/** Of passwords in a row: more bring nothing more (docs/performance.md). */
const most = 16

const noAnswer: Result = { error: 'a thread gave no answer' }

interface Waiting {
  job: Job
  resolve: (value: string | boolean) => void
  reject: (error: unknown) => void
}

export function createPasswords(options: PasswordOptions): Passwords {
  const { threads, queue, rightOfWay, cores = availableParallelism() } = options
  const pool = createPool(threads)
  const barrierDeps: Waiting[] = []
  let running = 0
  const whileClaimed = Math.max(1, Math.min(threads, cores - 1))
  const allowed = () => (rightOfWay.isClaimed() ? whileClaimed : threads)
  const mayBegin = () => running < allowed()
  const nextPortion = adaptiveBatchSize(most)

  const begin = () => {
    while (mayBegin() && barrierDeps.length > 0) {
      const taken = barrierDeps.splice(0, nextPortion(barrierDeps.length, allowed()))
      running += 1
      void finish(taken)
    }
  }
  const finish = async (taken: readonly Waiting[]) => {
    try {
      const results = await pool.run(taken.map(({ job }) => job))
      for (const [at, { resolve, reject }] of taken.entries()) {
        const result = results[at] ?? noAnswer
        if ('error' in result) reject(new Error(result.error))
        else resolve(result.value)
      }
    } catch (error) {
      for (const { reject } of taken) reject(error)
    }
    running -= 1
    begin()
  }
  const turn = (job: Job) =>
    new Promise<string | boolean>((resolve, reject) => {
      if (!mayBegin() && barrierDeps.length >= queue) {
        reject(new ProblemError('overloaded', 'the queue for hashing passwords is full'))
        return
      }
      barrierDeps.push({ job, resolve, reject })
      begin()
    })

  const hash = async (password: string) => String(await turn({ password }))
  let nobodys: Promise<string> | undefined
  /** Beside the queue: a full one must not be remembered as the lack of a hash. */
  const makeHashOfNobody = async () => {
    const [result = noAnswer] = await pool.run([{ password: 'nobody has this password' }])
    if ('error' in result) throw new Error(result.error)
    return String(result.value)
  }
  const hashOfNobody = () => {
    nobodys ??= makeHashOfNobody().catch(error => {
      nobodys = undefined
      throw error
    })
    return nobodys
  }
  return {
    hash,
    verify: async (password, hashed) => {
      // For both alike, so that neither is slower.
      const standIn = await hashOfNobody()
      const isRight = await turn({ password, hashed: hashed ?? standIn })
      return isRight === true && hashed !== undefined
    },
    isOutdated,
    warmUp: async () => {
      await hashOfNobody()
    },
    close: pool.close,
  }
}

/** The threads are made with the first work: a service that starts has better things to do. */
function createPool(threads: number) {
  let pool: Piscina<Job[], Result[]> | undefined
  const start = () =>
    new Piscina<Job[], Result[]>({
      filename: new URL('./hashWorker.js', import.meta.url).href,
      name: 'work',
      minThreads: threads,
      maxThreads: threads,
    })
  return {
    run: (jobs: Job[]) => {
      pool ??= start()
      return pool.run(jobs)
    },
    close: async () => {
      await pool?.destroy()
    },
  }
}
