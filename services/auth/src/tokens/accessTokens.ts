/** Creates access tokens: JWTs as in RFC 9068. */
import { randomUUID } from 'node:crypto'
import type { AccessTokenClaims } from '@gatehouse/contract'
import type { SignJwt } from '../keys/signJwt.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'

export interface AccessTokens {
  /** Signs a token with contents that the database returned. `iat` is the database's time, so a revocation's retention covers the token. */
  sign: (contents: AccessTokenContents) => Promise<string>
  /** Seconds from `iat` to `exp`: a token does not outlive its session. */
  secondsOf: (contents: AccessTokenContents) => number
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
  const secondsOf = ({ issuedAtMs, expiresAtMs }: AccessTokenContents) =>
    Math.min(lifetimeSeconds, Math.ceil(expiresAtMs / 1000) - Math.floor(issuedAtMs / 1000))

  const sign = (contents: AccessTokenContents) => {
    const iat = Math.floor(contents.issuedAtMs / 1000)
    const claims: AccessTokenClaims = {
      iss: issuer,
      aud: contents.audience ?? audience,
      sub: contents.accountId,
      iat,
      exp: iat + secondsOf(contents),
      jti: randomUUID(),
      client_id: contents.clientId,
      scope: contents.scopes.join(' '),
      roles: contents.roles,
      sid: contents.sessionId,
      auth_time: Math.floor(contents.authenticatedAtMs / 1000),
      epoch: contents.epoch,
      global_epoch: contents.globalEpoch,
      ...(contents.actor === undefined ? {} : { act: contents.actor }),
    }
    return signJwt(claims)
  }
  return { sign, secondsOf, lifetimeSeconds }
}
