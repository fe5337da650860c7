/** The maximum length of an access token, and the length that a grant of roles and scopes leads to. */
import { accessTokenType } from './claims.ts'

/**
 * The maximum length of an access token in characters. Header limits, the buffers of a gateway's
 * sub-request, introspection and the limit of grants follow from it. It leaves room for the other
 * headers within the 8 KB that proxies accept for one header.
 */
export const maxAccessTokenLength = 4096

/** What determines the length of an access token. */
export interface TokenContents {
  issuer: string
  audience: string
  /** The id of the OAuth client, or of the service client. */
  clientId: string
  /** The client in the claim `act`. */
  actor?: string
  roles: readonly string[]
  scopes: readonly string[]
  /** The name of the signing key. */
  kid: string
  /**
   * The length of the signature in bytes: 64 for ES256 and EdDSA, the size of the modulus for
   * RS256.
   */
  signatureBytes: number
}

const uuid = '00000000-0000-0000-0000-000000000000'
/**
 * Times in seconds need 10 digits until the year 2286. Epochs are safe integers of at most 16
 * digits.
 */
const maxTime = 9_999_999_999
const maxEpoch = Number.MAX_SAFE_INTEGER

/**
 * The maximum length of an access token with these contents. The auth service refuses a grant for
 * which it exceeds `maxAccessTokenLength`, so no token that it signs is refused for its size.
 * @param contents what the token will contain
 * @returns the length in characters
 * @example
 * if (tokenSizeOf({ ...issuerAndKey, roles, scopes }) > maxAccessTokenLength) throw new ProblemError('request-malformed', ...)
 */
export function tokenSizeOf(contents: TokenContents): number {
  const { issuer, audience, clientId, actor, roles, scopes, kid, signatureBytes } = contents
  const header = { alg: 'ES256', typ: accessTokenType, kid }
  const claims = {
    iss: issuer,
    aud: audience,
    sub: clientId.length > uuid.length ? clientId : uuid,
    jti: uuid,
    sid: uuid,
    iat: maxTime,
    exp: maxTime,
    auth_time: maxTime,
    client_id: clientId,
    scope: scopes.join(' '),
    roles,
    epoch: maxEpoch,
    global_epoch: maxEpoch,
    ...(actor === undefined ? {} : { act: { sub: actor, sid: uuid } }),
  }
  return encodedLength(jsonBytes(header)) + encodedLength(jsonBytes(claims)) + encodedLength(signatureBytes) + 2
}

function jsonBytes(value: object): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
}

/** The length of base64url without padding (RFC 4648 section 5). */
function encodedLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}
