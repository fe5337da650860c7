/** What an access token says (RFC 9068, RFC 7519). */

/** The `typ` of an access token's header (RFC 9068 section 2.1). */
export const accessTokenType = 'at+jwt'

export const algorithms = ['ES256', 'EdDSA', 'RS256'] as const
export type Algorithm = (typeof algorithms)[number]

export interface AccessTokenClaims {
  /** Who signed it: the auth service's issuer URL. */
  iss: string
  /** Whom it is for. */
  aud: string
  /** The account's id; for a client's own token, the client's id. */
  sub: string
  /** Seconds since 1970, by the auth service's database. */
  iat: number
  /** Seconds since 1970. */
  exp: number
  jti: string
  /** The OAuth client through which it was obtained (RFC 9068 section 2.2). */
  client_id: string
  /** Space-separated (RFC 8693 section 4.2). */
  scope: string
  roles: string[]
  /** The session's id: what a revocation of one session names. */
  sid: string
  /** When the password was given, in seconds since 1970. */
  auth_time: number
  /** The account's epoch: a revocation of the account covers the tokens below its own. */
  epoch: number
  /** The global epoch, likewise for a revocation of everyone. */
  global_epoch: number
}

/** A token that lacks one of these is refused. */
export const requiredClaims = [
  'iss',
  'aud',
  'sub',
  'iat',
  'exp',
  'jti',
  'client_id',
  'sid',
  'epoch',
  'global_epoch',
] as const
