/** Log-ins a second against what the machine can hash, and renewals beside a flood of them. */
import { systemClock } from '@gatehouse/clock'
import { argon2 } from '../authModules.ts'
import { type Course, inTurn } from '../course.ts'
import { load } from '../load/load.ts'
import { again, postJson, renewals } from '../load/requests.ts'
import type { Place } from '../place.ts'
import { comparison, type Pair, quantile, type Result } from '../result.ts'

const people = 50
const password = 'correct horse battery staple'
/** OWASP's, as the service has them; its PASSWORD_THREADS by default. */
const parameters = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }
const threads = 2
/** A flood: a thread never waits for the next password; and no more than may queue. */
const connections = 32
const renewalsPerSecond = 200

export async function logins(course: Course): Promise<Result[]> {
  const place = await course.place()
  const { url } = await place.auth()
  const { hash, verify } = argon2()
  const hashed = await hash(password, parameters)
  const next = await peopleWith(place, hashed)

  const flood = (durationMs: number) => load({ url, connections, durationMs, next })
  const bare = async () => {
    const startMs = systemClock.nowMs()
    const endMs = startMs + course.roundMs
    let done = 0
    const thread = async () => {
      for (; systemClock.nowMs() < endMs; done += 1) await verify(hashed, password)
    }
    await Promise.all(Array.from({ length: threads }, thread))
    return done / ((systemClock.nowMs() - startMs) / 1000)
  }
  await flood(course.warmUpMs)
  course.say('log-ins against bare argon2id')
  const pairs = await inTurn(
    course.rounds,
    async () => {
      const { perSecond, refused } = await flood(course.roundMs)
      if (Object.keys(refused).length > 0) throw new Error(`log-ins were refused: ${JSON.stringify(refused)}`)
      return perSecond
    },
    bare,
  )
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

async function besideFlood(
  course: Course,
  { url, place, flood }: { url: string; place: Place; flood: (durationMs: number) => Promise<unknown> },
): Promise<Result> {
  const next = renewals(await place.sessions(1000))
  const p99 = async (durationMs: number) => {
    const { latencies } = await load({ url, connections: 16, durationMs, rate: renewalsPerSecond, next })
    return quantile(latencies, 0.99)
  }
  const pairs: Pair[] = []
  for (let round = 0; round < course.rounds; round += 1) {
    course.say(`renewals beside log-ins, round ${round + 1} of ${course.rounds}`)
    const against = await p99(course.roundMs)
    const [value] = await Promise.all([p99(course.roundMs), flood(course.roundMs)])
    pairs.push({ value, against })
  }
  const what = `a renewal's p99 beside a flood of log-ins, against its quiet one, at ${renewalsPerSecond} a second`
  return comparison({ name: 'renewal-beside-logins', what, unit: 'ms', aim: 'at most 2' }, pairs)
}

/** People who can log in: the same password, as hashing does not care. */
async function peopleWith(place: Place, hashed: string): Promise<ReturnType<typeof again>> {
  await place.query(
    `INSERT INTO accounts (email, email_key, password_hash, roles, scopes)
     SELECT 'login' || n || '@example.org', 'login' || n || '@example.org', $1, '{user}', '{}'
       FROM generate_series(1, ${people}) AS n ON CONFLICT DO NOTHING`,
    [hashed],
  )
  const requests = Array.from({ length: people }, (_nothing, at) =>
    postJson('/session', { email: `login${at + 1}@example.org`, password, transport: 'body' }),
  )
  return again(requests)
}
