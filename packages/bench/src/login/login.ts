/** Log-ins a second against what the machine can hash, and renewals beside a flood of them. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { systemClock } from '@gatehouse/clock'
import { argon2 } from '../authModules.ts'
import { type BenchRun, inRounds, inTurn } from '../benchRun.ts'
import type { Place } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { postAll } from '../load/wrk.ts'
import { comparison, quantile, type Result, sum } from '../result.ts'

const people = 50
const password = 'correct horse battery staple'
/** OWASP's, as the service has them; its PASSWORD_THREADS by default. */
const parameters = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }
const threads = 2
/** A flood: a thread never waits for the next password, and as many wait as may by default (PASSWORD_QUEUE). */
const connections = 64
const renewalsPerSecond = 200
/** Until as many passwords are being hashed as ever will be; and the flood goes on for as long after what is counted. */
const settlingMs = 1000

/**
 * The first thousand log-ins are mostly interpreted, and compiled beside it, and until some four thousand they become cheaper: no
 * property of a service that has run for an hour.
 */
const learningMs = ({ isQuick }: BenchRun) => (isQuick ? 8000 : 40_000)

export async function logins(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const { url } = await place.auth()
  const hashed = await argon2().hash(password, parameters)
  const bodies = await peopleWith(place, hashed)

  const flood = async (durationMs: number) => {
    await postAll({ url, path: '/session', bodies, connections, durationMs })
    // Whoever was still waiting when it ended is hashed for all the same, and must not be in what is measured next.
    await systemClock.sleep(settlingMs)
  }
  /** Counted in the midst of a flood: whatever is under way is so at both ends of the time. */
  const amidFlood = async () => {
    const counted = async () => {
      await systemClock.sleep(settlingMs)
      await systemClock.sleep(course.roundMs)
      return sessionsPerSecond(place, course.roundMs)
    }
    const [perSecond] = await Promise.all([counted(), flood(course.roundMs + 2 * settlingMs)])
    return perSecond
  }
  await flood(learningMs(course))
  course.log('log-ins against bare argon2id')
  const machine = bareMachine(hashed)
  const pairs = await inTurn(course.rounds, amidFlood, () => machine.rate(course.roundMs))
  await machine.close()
  return [
    comparison(
      {
        ...{ name: 'login-argon2', unit: '1/s', aim: 'at least 0.95' },
        what: `log-ins a second, against the bare rate of argon2id in ${threads} threads`,
      },
      pairs,
    ),
    await besideFlood(course, { url, place, flood }),
  ]
}

/** Threads that check passwords and nothing else. */
function bareMachine(hashed: string) {
  const workerData = { hashed, password }
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('./verifyWorker.js', import.meta.url), { workerData }),
  )
  const oneRate = async (worker: Worker, forMs: number) => {
    worker.postMessage(forMs)
    const [perSecond]: number[] = await once(worker, 'message')
    return perSecond ?? 0
  }
  return {
    rate: async (forMs: number) => {
      const rates = await Promise.all(workers.map(worker => oneRate(worker, forMs)))
      return sum(rates)
    },
    close: () => Promise.all(workers.map(worker => worker.terminate())),
  }
}

async function besideFlood(
  course: BenchRun,
  { url, place, flood }: { url: string; place: Place; flood: (durationMs: number) => Promise<unknown> },
): Promise<Result> {
  const next = renewals(await place.sessions(1000))
  const p99 = async (durationMs: number) => {
    const { latencies } = await load({ url, connections: 16, durationMs, rate: renewalsPerSecond, next })
    return quantile(latencies, 0.99)
  }
  const pairs = await inRounds(course.rounds, async round => {
    course.log(`renewals beside log-ins, round ${round + 1} of ${course.rounds}`)
    const against = await p99(course.roundMs)
    const [value] = await Promise.all([p99(course.roundMs), flood(course.roundMs)])
    return { value, against }
  })
  const what = `a renewal's p99 beside a flood of log-ins, against its quiet one, at ${renewalsPerSecond} a second`
  return comparison({ name: 'renewal-beside-logins', what, unit: 'ms', aim: 'at most 2' }, pairs)
}

/** People who can log in: the same password, as hashing does not care. */
async function peopleWith(place: Place, hashed: string): Promise<object[]> {
  await place.query(
    `INSERT INTO accounts (email, email_key, password_hash, roles, scopes)
     SELECT 'login' || n || '@example.org', 'login' || n || '@example.org', $1, '{user}', '{}'
       FROM generate_series(1, ${people}) AS n ON CONFLICT DO NOTHING`,
    [hashed],
  )
  return Array.from({ length: people }, (_nothing, at) => {
    return { email: `login${at + 1}@example.org`, password, transport: 'body' }
  })
}

/** The slope of their number over the time just past: they begin a dozen at a time, and where the time ends must not matter. */
async function sessionsPerSecond(place: Place, pastMs: number): Promise<number> {
  const [row] = await place.query<{ slope: number }>(
    `SELECT regr_slope(number, second) AS slope
       FROM (SELECT count(*) OVER (ORDER BY created_at) AS number, extract(epoch FROM created_at - now()) AS second
               FROM sessions WHERE created_at > now() - make_interval(secs => $1)) AS begun`,
    [pastMs / 1000],
  )
  return row?.slope ?? Number.NaN
}
