/** The claims of an access token (RFC 9068, RFC 7519). */

/** The `typ` of an access token's header (RFC 9068 section 2.1). */
export const accessTokenType = 'at+jwt'

/** The signature algorithms that access tokens can have. */
export const algorithms = ['ES256', 'EdDSA', 'RS256'] as const
export type Algorithm = (typeof algorithms)[number]

/** The claims of an access token as the auth service signs them. */
export interface AccessTokenClaims {
  /** The issuer: the URL of the auth service. */
  iss: string
  /** The audience: the service, or the services, that accept the token (RFC 7519 section 4.1.3). */
  aud: string | readonly string[]
  /**
   * The id of the account; in a token that a service client obtained for itself, the id of the
   * client.
   */
  sub: string
  /** The time of issue by the database's clock, in seconds since 1970. */
  iat: number
  /** The time of expiry by the database's clock, in seconds since 1970. */
  exp: number
  jti: string
  /** The OAuth client that obtained the token (RFC 9068 section 2.2). */
  client_id: string
  /** Space-separated (RFC 8693 section 4.2). */
  scope: string
  roles: string[]
  /** The id of the session. The revocation of one session names it. */
  sid: string
  /** The time of log-in, in seconds since 1970. */
  auth_time: number
  /**
   * The epoch of the account at the time of issue. A revocation of the account covers tokens with a
   * lower epoch.
   */
  epoch: number
  /**
   * The global epoch at the time of issue. A revocation of all sessions covers tokens with a lower
   * one.
   */
  global_epoch: number
  /**
   * The client that acts for the account (RFC 8693 section 4.1), in a token that it exchanged for another. `sid` is that of
   * the client's own tokens: what revokes them revokes this token too.
   */
  act?: { sub: string; sid?: string }
}

/** The claims that every access token must have; a guard refuses a token that lacks one of them. */
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
