/** Renewals of other servers beside Gatehouse's: how many a second, and how many rows they add. */
import { databaseUrl, onServer } from '@gatehouse/testkit'
import type { BenchRun } from '../../benchRun.ts'
import { type Environment, poolSize } from '../../environment.ts'
import { gatehouseRenewal, type RenewalApi, renewals } from '../../load/requests.ts'
import { loadByNode } from '../../load/wrk.ts'
import { comparison, figure, type Pair, type Result } from '../../result.ts'
import { rowsAddedBy } from './rowGrowth.ts'
import { type Peer, type PeerName, startPeer } from './startPeer.ts'

/** For each server. Far more than connections, so that no two renewals wait for one row. */
const sessionCount = 500
const renewalsForRows = 100

const peers: readonly { peer: PeerName; name: string; what: string }[] = [
  { peer: 'oidcProvider', name: 'peer-oidc-provider', what: 'node-oidc-provider' },
  { peer: 'betterAuth', name: 'peer-better-auth', what: "better-auth's OAuth provider" },
]

interface Contender {
  name: string
  what: string
  url: string
  databaseUrl: string
  api: RenewalApi
  /** The last one is for counting rows, the others are for the load. */
  sessions: readonly { refreshToken: string }[]
}

export async function renewalPeers(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const started: Peer[] = []
  const start = async ({ peer, ...labels }: (typeof peers)[number]): Promise<Contender> => {
    benchRun.log(`start ${labels.what}`)
    const url = await createDatabase(environment, labels.name)
    const running = await startPeer(peer, { databaseUrl: url, poolSize, sessionCount: sessionCount + 1 })
    started.push(running)
    return { ...labels, ...running, databaseUrl: url }
  }
  try {
    const contenders: Contender[] = []
    for (const peer of peers) contenders.push(await start(peer))
    const gatehouse: Contender = {
      name: 'renewal',
      what: 'Gatehouse',
      url: (await environment.auth()).url,
      databaseUrl: environment.system.databaseUrl,
      api: gatehouseRenewal,
      sessions: await environment.sessions(sessionCount + 1),
    }
    const rows: Result[] = []
    for (const contender of [gatehouse, ...contenders]) rows.push(await rowsOf(contender))
    return [...(await ratesOf(benchRun, gatehouse, contenders)), ...rows]
  } finally {
    await Promise.all(started.map(peer => peer.stop()))
    // Autovacuum of their tables would run during the parts that follow.
    for (const { name } of peers) await environment.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
}

async function createDatabase(environment: Environment, name: string): Promise<string> {
  await onServer(environment.system.databaseUrl, `CREATE DATABASE "${name}"`)
  return databaseUrl(environment.system.databaseUrl, name)
}

async function rowsOf({ name, what, sessions, api, ...target }: Contender): Promise<Result> {
  const next = renewals(sessions.slice(sessionCount), api)
  const added = await rowsAddedBy(renewalsForRows, { ...target, next })
  const label = `rows that ${renewalsForRows} renewals of one session add to the database: ${what}`
  return figure({ name: `${name}-rows`, what: label, unit: 'rows' }, [added])
}

async function ratesOf(benchRun: BenchRun, gatehouse: Contender, contenders: readonly Contender[]): Promise<Result[]> {
  const renewGatehouse = renewalLoad(gatehouse)
  const others = contenders.map(contender => ({ contender, renew: renewalLoad(contender), pairs: [] as Pair[] }))
  for (const renew of [renewGatehouse, ...others.map(({ renew }) => renew)]) await renew(benchRun.warmUpMs)

  for (let round = 0; round < benchRun.rounds; round += 1) {
    benchRun.log(`renewals of other servers, round ${round + 1} of ${benchRun.rounds}`)
    const against = await renewGatehouse(benchRun.roundMs)
    for (const { renew, pairs } of others) pairs.push({ value: await renew(benchRun.roundMs), against })
  }
  return others.map(({ contender, pairs }) => {
    const what = `renewals of ${contender.what} over HTTP, rotating, on the same PostgreSQL; against Gatehouse`
    return comparison({ name: `${contender.name}-refresh`, what, unit: '1/s' }, pairs)
  })
}

/** @returns a function that loads the server and returns renewals a second */
function renewalLoad({ url, sessions, api }: Contender): (durationMs: number) => Promise<number> {
  const next = renewals(sessions.slice(0, sessionCount), api)
  return durationMs => loadByNode({ url, connections: poolSize, durationMs, next })
}
