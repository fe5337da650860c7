/** What a peer is told at its start, and what it tells back: where it listens, and tokens that nobody has used yet. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startProcess } from '@gatehouse/testkit'
import { type Dialect, formRefresh } from '../../load/requests.ts'

export interface PeerJob {
  databaseUrl: string
  /** How many connections to its database it may have. */
  poolSize: number
  /** How many sessions it makes for the load. */
  sessions: number
}

export interface Peer {
  pid: number
  url: string
  /** How its clients ask for a renewal. */
  dialect: Dialect
  /** One for each session. */
  sessions: { refreshToken: string }[]
  stop: () => Promise<unknown>
}

export type PeerName = keyof typeof tokenPaths

const tokenPaths = { oidcProvider: '/token', betterAuth: '/api/auth/oauth2/token' } as const

/** Alike for both: a public client, as ours is, that may use one API and stays signed in; without `openid` no ID token is made. */
export const granted = {
  clientId: 'bench',
  redirectUri: 'https://client.example/back',
  resource: 'https://api.example',
  scopes: ['offline_access', 'storage:restricted'],
}

const variable = 'BENCH_PEER_JOB'

export async function startPeer(name: PeerName, job: PeerJob): Promise<Peer> {
  const { logged, stop, ready, pid } = await startProcess({
    entry: new URL(`./${name}.js`, import.meta.url).pathname,
    env: { [variable]: JSON.stringify(job), NODE_ENV: 'production' },
    readyWhen: /listening at (\S+)/,
  })
  const made = await logged(/^made /)
  const tokens: string[] = JSON.parse(made.slice('made '.length))
  return {
    ...{ pid, stop },
    url: ready,
    dialect: formRefresh(tokenPaths[name], granted.clientId),
    sessions: tokens.map(refreshToken => ({ refreshToken })),
  }
}

export function readPeerJob(): PeerJob {
  return JSON.parse(process.env[variable] ?? '{}')
}

/** @param tokens of the sessions that were made */
export async function serve(listener: RequestListener, tokens: readonly string[]): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  console.log(`made ${JSON.stringify(tokens)}`)
  console.log(`listening at http://127.0.0.1:${port}`)
  process.once('SIGTERM', () => process.exit(0))
}
