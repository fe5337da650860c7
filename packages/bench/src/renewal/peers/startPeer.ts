/** Starts a peer that renews sessions, and reads its address and tokens. */
import { formRenewal, type RenewalApi } from '../../load/requests.ts'
import { startPeerProgram } from '../../peerProgram.ts'

export interface PeerConfig {
  databaseUrl: string
  /** The most connections to its database. */
  poolSize: number
  /** How many sessions it creates for the load. */
  sessionCount: number
}

export interface Peer {
  url: string
  /** How its clients send a renewal. */
  api: RenewalApi
  /** One unused token for each session. */
  sessions: { refreshToken: string }[]
  stop: () => Promise<unknown>
}

export type PeerName = keyof typeof tokenPaths

const tokenPaths = { oidcProvider: '/token', betterAuth: '/api/auth/oauth2/token' } as const

/** The same public client for every peer. Without the scope `openid`, no ID token is issued. */
const client = {
  clientId: 'bench',
  redirectUri: 'https://client.example/back',
  resource: 'https://api.example',
  scopes: ['offline_access', 'storage:restricted'],
}

export async function startPeer(name: PeerName, config: PeerConfig): Promise<Peer> {
  const { logged, stop, ready } = await startPeerProgram(name, { ...config, client })
  const line = await logged(/^sessions /)
  const tokens: string[] = JSON.parse(line.slice('sessions '.length))
  return {
    stop,
    url: ready,
    api: formRenewal(tokenPaths[name], client.clientId),
    sessions: tokens.map(refreshToken => ({ refreshToken })),
  }
}
