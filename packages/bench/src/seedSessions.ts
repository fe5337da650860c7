/** Creates sessions and their tokens with the service's keys, without requests to it. */
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { accessTokenType } from '@gatehouse/contract'
import { thumbprint } from '@gatehouse/guard'
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
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyRing = `1:${randomBytes(32).toString('hex')}`
  const encodeRefreshToken = await refreshTokenEncoder(keyRing)
  const header = encoded({ alg: 'ES256', typ: accessTokenType, kid: thumbprint(publicKey) })

  const accessToken = (sid: string, sub: string) => {
    const iat = Math.floor(systemClock.wallMs() / 1000)
    const fixedClaims = { iss: issuer, aud: 'gatehouse', client_id: 'first-party', scope: 'storage:restricted' }
    const times = { iat, exp: iat + lifetimeSeconds, auth_time: iat, epoch: 0, global_epoch: globalEpoch }
    const input = `${header}.${encoded({ ...fixedClaims, ...times, sub, sid, jti: randomUUID(), roles: ['user'] })}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }

  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    env: {
      SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
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

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
