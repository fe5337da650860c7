/** Renewals of others, on the same PostgreSQL, in turn with ours: how many a second, and how many rows they leave. */
import { databaseUrl, onServer } from '@gatehouse/testkit'
import type { BenchRun } from '../../benchRun.ts'
import { type Place, poolSize } from '../../environment.ts'
import { load } from '../../load/load.ts'
import { type Dialect, ours, renewals } from '../../load/requests.ts'
import { comparison, figure, type Pair, type Result } from '../../result.ts'
import { rowsLeftBy } from './rows.ts'
import { type Peer, type PeerName, startPeer } from './workerConfig.ts'

/** Of each, ours as well: many more than there are connections, so that no two renewals wait for one row. */
const sessionsUsed = 500
const renewalsForRows = 100

const known: readonly { peer: PeerName; name: string; what: string }[] = [
  { peer: 'oidcProvider', name: 'peer-oidc-provider', what: 'node-oidc-provider' },
  { peer: 'betterAuth', name: 'peer-better-auth', what: "better-auth's OAuth provider" },
]

interface Contender {
  name: string
  what: string
  url: string
  databaseUrl: string
  dialect: Dialect
  sessions: readonly { refreshToken: string }[]
}

export async function renewalPeers(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const started: Peer[] = []
  const start = async ({ peer, ...about }: (typeof known)[number]): Promise<Contender> => {
    course.log(`start ${about.what}`)
    const job = { databaseUrl: await createDatabase(place, about.name), poolSize, sessions: sessionsUsed + 1 }
    const running = await startPeer(peer, job)
    started.push(running)
    return { ...about, ...running, databaseUrl: job.databaseUrl }
  }
  try {
    const others: Contender[] = []
    for (const one of known) others.push(await start(one))
    const own: Contender = {
      ...{ name: 'renewal', what: 'Gatehouse', url: (await place.auth()).url, databaseUrl: place.system.databaseUrl },
      dialect: ours,
      sessions: await place.sessions(sessionsUsed + 1),
    }
    const rows: Result[] = []
    for (const one of [own, ...others]) rows.push(await rowsOf(one))
    return [...(await ratesOf(course, own, others)), ...rows]
  } finally {
    await Promise.all(started.map(peer => peer.stop()))
    // What their rows ask of autovacuum is no matter of the parts that follow.
    for (const { name } of known) await place.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
}

async function createDatabase(place: Place, name: string): Promise<string> {
  await onServer(place.system.databaseUrl, `CREATE DATABASE "${name}"`)
  return databaseUrl(place.system.databaseUrl, name)
}

/** By a session that the load does not use. */
async function rowsOf({ name, what, sessions, dialect, ...where }: Contender): Promise<Result> {
  const next = renewals(sessions.slice(sessionsUsed), dialect)
  const left = await rowsLeftBy(renewalsForRows, { ...where, next })
  const about = `rows that ${renewalsForRows} renewals of one session leave in the database: ${what}`
  return figure({ name: `${name}-rows`, what: about, unit: 'rows' }, [left])
}

async function ratesOf(course: BenchRun, own: Contender, others: readonly Contender[]): Promise<Result[]> {
  const renewOwn = renewing(own)
  const rivals = others.map(other => ({ other, renew: renewing(other), pairs: [] as Pair[] }))
  for (const renew of [renewOwn, ...rivals.map(rival => rival.renew)]) await renew(course.warmUpMs)

  for (let round = 0; round < course.rounds; round += 1) {
    course.log(`renewals of others, round ${round + 1} of ${course.rounds}`)
    const against = await renewOwn(course.roundMs)
    for (const { renew, pairs } of rivals) pairs.push({ value: await renew(course.roundMs), against })
  }
  return rivals.map(({ other, pairs }) => {
    const what = `renewals of ${other.what} over HTTP, rotating, on the same PostgreSQL; against ours`
    return comparison({ name: `${other.name}-refresh`, what, unit: '1/s' }, pairs)
  })
}

/** @returns loads it for that long, and tells renewals a second; throws when any was refused */
function renewing({ what, url, sessions, dialect }: Contender): (durationMs: number) => Promise<number> {
  const next = renewals(sessions.slice(0, sessionsUsed), dialect)
  return async durationMs => {
    const { perSecond, refused } = await load({ url, connections: poolSize, durationMs, next })
    if (Object.keys(refused).length > 0) throw new Error(`renewals of ${what} were refused: ${JSON.stringify(refused)}`)
    return perSecond
  }
}
