/** Log-ins a second against the rate of bare hashing, and renewals during log-ins. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { systemClock } from '@gatehouse/clock'
import { argon2 } from '../authModules.ts'
import { type BenchRun, inRounds, inTurn } from '../benchRun.ts'
import type { Environment } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { postAll } from '../load/wrk.ts'
import { comparison, quantile, type Result, sum } from '../result.ts'

const accountCount = 50
const password = 'correct horse battery staple'
/** OWASP's parameters and the default of PASSWORD_THREADS, as in the service. */
const parameters = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }
const threads = 2
/** As many log-ins wait as PASSWORD_QUEUE allows by default: no thread waits for a password. */
const connections = 64
const renewalsPerSecond = 200
/** After this time the service hashes as many passwords at a time as it ever does. */
const settlingMs = 1000

/** V8 compiles the code during the first thousands of log-ins, which cost more. */
const warmUpMs = ({ isQuick }: BenchRun) => (isQuick ? 8000 : 40_000)

export async function logins(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const { url } = await environment.auth()
  const hash = await argon2().hash(password, parameters)
  const bodies = await createAccounts(environment, hash)

  const flood = async (durationMs: number) => {
    await postAll({ url, path: '/session', bodies, connections, durationMs })
    // The service still hashes for the clients that waited when the flood ended.
    await systemClock.sleep(settlingMs)
  }
  /** Counts within a flood, so that log-ins are under way at both ends of the counted time. */
  const loginRate = async () => {
    const counted = async () => {
      await systemClock.sleep(settlingMs)
      await systemClock.sleep(benchRun.roundMs)
      return sessionsPerSecond(environment, benchRun.roundMs)
    }
    const [perSecond] = await Promise.all([counted(), flood(benchRun.roundMs + 2 * settlingMs)])
    return perSecond
  }
  await flood(warmUpMs(benchRun))
  benchRun.log('log-ins against bare argon2id')
  const hashing = startHashThreads(hash)
  const pairs = await inTurn(benchRun.rounds, loginRate, () => hashing.rate(benchRun.roundMs))
  await hashing.close()
  const what = `log-ins a second, against the bare rate of argon2id in ${threads} threads`
  return [
    comparison({ name: 'login-argon2', unit: '1/s', aim: 'at least 0.95', what }, pairs),
    await renewalsDuringFlood(benchRun, flood),
  ]
}

/** Threads that verify passwords and do nothing else. */
function startHashThreads(hash: string) {
  const start = () => new Worker(new URL('./verifyWorker.js', import.meta.url), { workerData: { hash, password } })
  const workers = Array.from({ length: threads }, start)
  const rateOf = async (worker: Worker, durationMs: number) => {
    worker.postMessage(durationMs)
    const [perSecond]: number[] = await once(worker, 'message')
    return perSecond ?? 0
  }
  return {
    rate: async (durationMs: number) => sum(await Promise.all(workers.map(worker => rateOf(worker, durationMs)))),
    close: () => Promise.all(workers.map(worker => worker.terminate())),
  }
}

async function renewalsDuringFlood(
  benchRun: BenchRun,
  flood: (durationMs: number) => Promise<unknown>,
): Promise<Result> {
  const environment = await benchRun.environment()
  const { url } = await environment.auth()
  const next = renewals(await environment.sessions(1000))
  const p99 = async (durationMs: number) => {
    const { latencies } = await load({ url, connections: 16, durationMs, rate: renewalsPerSecond, next })
    return quantile(latencies, 0.99)
  }
  const pairs = await inRounds(benchRun.rounds, async round => {
    benchRun.log(`renewals during log-ins, round ${round + 1} of ${benchRun.rounds}`)
    const against = await p99(benchRun.roundMs)
    const [value] = await Promise.all([p99(benchRun.roundMs), flood(benchRun.roundMs)])
    return { value, against }
  })
  const what = `p99 of a renewal during a flood of log-ins, against its p99 without, at ${renewalsPerSecond} a second`
  return comparison({ name: 'renewal-during-logins', what, unit: 'ms', aim: 'at most 2' }, pairs)
}

/** @returns the log-in request of each account; all have the same password */
async function createAccounts(environment: Environment, hash: string): Promise<object[]> {
  await environment.query(
    `INSERT INTO accounts (email, email_key, password_hash, roles, scopes)
     SELECT 'login' || n || '@example.org', 'login' || n || '@example.org', $1, '{user}', '{}'
       FROM generate_series(1, ${accountCount}) AS n ON CONFLICT DO NOTHING`,
    [hash],
  )
  return Array.from({ length: accountCount }, (_, index) => {
    return { email: `login${index + 1}@example.org`, password, transport: 'body' }
  })
}

/** The slope of the sessions over time: a dozen start at once, so a count depends on the end. */
async function sessionsPerSecond(environment: Environment, pastMs: number): Promise<number> {
  const [row] = await environment.query<{ slope: number }>(
    `SELECT regr_slope(number, second) AS slope
       FROM (SELECT count(*) OVER (ORDER BY created_at) AS number, extract(epoch FROM created_at - now()) AS second
               FROM sessions WHERE created_at > now() - make_interval(secs => $1)) AS started`,
    [pastMs / 1000],
  )
  return row?.slope ?? Number.NaN
}
