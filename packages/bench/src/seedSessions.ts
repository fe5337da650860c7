/** Creates sessions and their tokens with the service's keys, without requests to it. */
import { createHash, randomBytes } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { claimsAt, signingKey, tokenOf } from '@gatehouse/testkit'
import { refreshTokenEncoder } from './authModules.ts'

export interface Session {
  id: string
  accountId: string
  refreshToken: string
  accessToken: string
}

export interface SessionMint {
  publicKey: string
  /** Variables of the service with which it accepts these tokens. */
  env: Record<string, string>
  /** The session of a number, with the same values as `seedStatements` inserts. */
  session: (number: number) => Session
}

const sessionsPerAccount = 10
const lifetimeSeconds = 3600

/**
 * Inserts the sessions from $1 to $2. Every value follows from the session's number, here as in
 * `session`, so that PostgreSQL can create millions in one statement.
 */
export const seedStatements = [
  `INSERT INTO accounts (id, email, email_key, password_hash, roles, scopes)
   SELECT md5('account' || n)::uuid, n || '@example.org', n || '@example.org', 'none', '{user}', '{storage:restricted}'
     FROM generate_series($1::int / ${sessionsPerAccount}, $2::int / ${sessionsPerAccount}) AS n ON CONFLICT DO NOTHING`,
  `INSERT INTO sessions (id, account_id, client_id, remember, global_epoch, created_at, expires_at)
   SELECT md5('session' || n)::uuid, md5('account' || n / ${sessionsPerAccount})::uuid, 'first-party', true, clock.global_epoch,
          now(), now() + interval '90 days'
     FROM generate_series($1::int, $2::int) AS n, revocation_clock AS clock`,
  `INSERT INTO refresh_tokens (session_id, generation, current_hash, idle_expires_at, account_id, client_id, remember,
                               global_epoch, authenticated_at, expires_at)
   SELECT md5('session' || n)::uuid, 0, sha256(sha256(('secret' || n)::bytea)), now() + interval '30 days',
          md5('account' || n / ${sessionsPerAccount})::uuid, 'first-party', true, clock.global_epoch, now(), now() + interval '90 days'
     FROM generate_series($1::int, $2::int) AS n, revocation_clock AS clock`,
]

export async function createSessionMint(options: { issuer: string; globalEpoch: number }): Promise<SessionMint> {
  const { issuer, globalEpoch } = options
  const key = signingKey()
  const keyRing = `1:${randomBytes(32).toString('hex')}`
  const encodeRefreshToken = await refreshTokenEncoder(keyRing)

  const accessToken = (sid: string, sub: string) => {
    const nowMs = systemClock.wallMs()
    const fixed = { iss: issuer, aud: 'gatehouse', scope: 'storage:restricted', global_epoch: globalEpoch }
    return tokenOf(key, claimsAt(nowMs, { ...fixed, exp: Math.floor(nowMs / 1000) + lifetimeSeconds, sub, sid }))
  }

  return {
    publicKey: key.pem,
    env: {
      SIGNING_KEY: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      REFRESH_KEYS: keyRing,
      ACCESS_TOKEN_SECONDS: String(lifetimeSeconds),
    },
    session: number => {
      const id = uuidOf(`session${number}`)
      const accountId = uuidOf(`account${Math.floor(number / sessionsPerAccount)}`)
      const secret = createHash('sha256').update(`secret${number}`).digest()
      const refreshToken = encodeRefreshToken({ sessionId: id, generation: 0, secret })
      return { id, accountId, refreshToken, accessToken: accessToken(id, accountId) }
    },
  }
}

/** @returns what `md5(text)::uuid` is in PostgreSQL */
export function uuidOf(text: string): string {
  const hex = createHash('md5').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
