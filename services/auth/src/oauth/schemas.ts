/** Request and response schemas of the OAuth routes. */
import { maxAccessTokenLength } from '@gatehouse/contract'
import { Type } from 'typebox'
import { tokenTypes } from './tokenTypes.ts'

export const TokenResponse = Type.Object({
  access_token: Type.String(),
  token_type: Type.Enum(['Bearer', 'N_A'], { description: '`N_A`: `access_token` is the refresh token (RFC 8693).' }),
  issued_token_type: Type.Optional(Type.String({ description: 'Of a token exchange.', examples: [tokenTypes.access] })),
  expires_in: Type.Integer({ description: 'Seconds.', examples: [300] }),
  scope: Type.Optional(Type.String({ description: 'Left out when empty.', examples: ['users:read audit:read'] })),
  refresh_token: Type.Optional(
    Type.String({ description: 'The successor of the presented refresh token, or that of a new session.' }),
  ),
})

/** RFC 8628 section 3.2. */
export const DeviceResponse = Type.Object({
  device_code: Type.String({ examples: ['gha_...'] }),
  user_code: Type.String({ examples: ['BCDF-GHJK'] }),
  verification_uri: Type.String({ examples: ['https://auth.example.org/account/device'] }),
  verification_uri_complete: Type.Optional(Type.String({ description: 'Left out for a log-in of the command line.' })),
  expires_in: Type.Integer({ description: 'Seconds.', examples: [600] }),
  interval: Type.Integer({ description: 'Seconds between two polls.', examples: [5] }),
})

/** `active: false` has no further members; an active token has its claims. */
export const IntrospectionResponse = Type.Object(
  { active: Type.Boolean() },
  { additionalProperties: true, examples: [{ active: false }] },
)

const OAuthErrorBody = Type.Object({
  error: Type.String({ examples: ['invalid_grant'] }),
  error_description: Type.String(),
})

/** Error response schemas by status (RFC 6749 section 5.2). */
export function oauthErrorResponses(...statuses: number[]): Record<number, object> {
  return Object.fromEntries(
    statuses.map(status => [
      status,
      { description: 'RFC 6749 section 5.2', content: { 'application/json': { schema: OAuthErrorBody } } },
    ]),
  )
}

const example = {
  grant_type: 'client_credentials',
  refresh_token: 'ghr_AQEx...',
  scope: 'users:read',
  client_id: 'robot',
  client_secret: 'ghc_...',
  client_assertion: 'eyJhbGciOi...',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  token: 'eyJhbGciOi...',
  token_type_hint: 'access_token',
  resource: 'https://api.example.org',
  device_code: 'gha_...',
  audience: 'gatehouse',
  subject_token: 'eyJhbGciOi...',
  subject_token_type: tokenTypes.access,
  requested_token_type: tokenTypes.refresh,
  actor_token: 'eyJhbGciOi...',
  actor_token_type: tokenTypes.access,
} as const
type Parameter = keyof typeof example

/** A token of any length is an invalid token, not a malformed request; the body has a limit. */
function limitOf(name: Parameter): { maxLength?: number } {
  return name.endsWith('token') ? {} : { maxLength: maxAccessTokenLength }
}

/** Schema of a form; unknown parameters are accepted and ignored (RFC 6749 section 3.2). */
export function formOf({ required, optional }: { required: readonly Parameter[]; optional: readonly Parameter[] }) {
  const texts = Object.fromEntries(
    [...required, ...optional].map(name => [name, Type.String({ ...limitOf(name), examples: [example[name]] })]),
  )
  return Type.Unsafe<Record<string, string>>({ ...Type.Object(texts, { additionalProperties: true }), required })
}
