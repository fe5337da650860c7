/** Creates access tokens: JWTs as in RFC 9068. */
import { randomUUID } from 'node:crypto'
import type { AccessTokenClaims } from '@gatehouse/contract'
import type { SignJwt } from '../keys/signJwt.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'

export interface AccessTokens {
  /** Signs a token for a grant of the database. `iat` is the database's time, so a revocation's retention covers the token. */
  sign: (grant: Grant) => Promise<string>
  /** Seconds from `iat` to `exp`: a token does not outlive its session. */
  secondsOf: (grant: Grant) => number
  lifetimeSeconds: number
}

export interface AccessTokenOptions {
  /** Signs with the active key. */
  signJwt: SignJwt
  issuer: string
  audience: string
  lifetimeSeconds: number
}

export function createAccessTokens({ signJwt, issuer, audience, lifetimeSeconds }: AccessTokenOptions): AccessTokens {
  // Rounded up: in the last second of a session a token is still valid for one second.
  const secondsOf = ({ issuedAtMs, expiresAtMs }: Grant) =>
    Math.min(lifetimeSeconds, Math.ceil(expiresAtMs / 1000) - Math.floor(issuedAtMs / 1000))

  const sign = (grant: Grant) => {
    const iat = Math.floor(grant.issuedAtMs / 1000)
    const claims: AccessTokenClaims = {
      iss: issuer,
      aud: grant.audience ?? audience,
      sub: grant.accountId,
      iat,
      exp: iat + secondsOf(grant),
      jti: randomUUID(),
      client_id: grant.clientId,
      scope: grant.scopes.join(' '),
      roles: grant.roles,
      sid: grant.sessionId,
      auth_time: Math.floor(grant.authenticatedAtMs / 1000),
      epoch: grant.epoch,
      global_epoch: grant.globalEpoch,
      ...(grant.actor === undefined ? {} : { act: { sub: grant.actor } }),
    }
    return signJwt(claims)
  }
  return { sign, secondsOf, lifetimeSeconds }
}
