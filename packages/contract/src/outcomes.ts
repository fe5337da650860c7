/** The table of refusals: which status, which code, and what the client does next. Everything that speaks of refusals is made from it. */

/** What the client does next. `renew`: get a new access token, then repeat once. `login`: the session is over. `stop`: repeating will not help. `retry`: the same request later. */
export type Action = 'renew' | 'login' | 'stop' | 'retry'

/** The `error` of a Bearer challenge (RFC 6750 section 3.1); `none` is a challenge without one, `basic` one for service clients. */
export type Challenge = 'none' | 'invalid_token' | 'insufficient_scope' | 'basic'

/** Where a refusal can be met. */
export type Place = 'guarded route' | 'renew' | 'log-in' | 'any' | 'admin' | 'guards'

export interface Row {
  status: number
  action: Action
  places: readonly Place[]
  /** When it is given. */
  when: string
  /** The title of the problem, fit to be shown to a person. */
  says: string
  /** The challenge in `WWW-Authenticate`: every 401 has one (RFC 9110 section 11.6.1). */
  challenge?: Challenge
  /** Seconds in `Retry-After` when nothing better is known. */
  retryAfterSeconds?: number
}

export const outcomes = {
  'token-missing': {
    status: 401,
    action: 'renew',
    places: ['guarded route'],
    when: 'no token',
    says: 'An access token is needed.',
    challenge: 'none',
  },
  'token-expired': {
    status: 401,
    action: 'renew',
    places: ['guarded route'],
    when: 'the token has expired, or its rights have changed since',
    says: 'The access token has expired.',
    challenge: 'invalid_token',
  },
  'token-invalid': {
    status: 401,
    action: 'renew',
    places: ['guarded route'],
    when: 'bad signature, algorithm, type, issuer, audience or key, not yet valid, not a JWT',
    says: 'The access token is not valid here.',
    challenge: 'invalid_token',
  },
  'session-ended': {
    status: 401,
    action: 'login',
    places: ['guarded route', 'renew'],
    when: 'logged out, revoked, a stolen token detected; at renewal also an account disabled or deleted',
    says: 'This session is over.',
    challenge: 'invalid_token',
  },
  'account-disabled': {
    status: 403,
    action: 'stop',
    places: ['guarded route', 'log-in'],
    when: 'the account is disabled or deleted, the token or password itself is fine',
    says: 'This account may not be used.',
  },
  'insufficient-scope': {
    status: 403,
    action: 'stop',
    places: ['guarded route'],
    when: 'a scope or role is missing; the session goes on',
    says: 'This needs a permission that the token does not carry.',
    challenge: 'insufficient_scope',
  },
  'revocation-unknown': {
    status: 503,
    action: 'retry',
    places: ['guarded route'],
    when: 'the lease has lapsed: whether the session stands cannot be told now',
    says: 'Cannot tell yet whether this session stands.',
    retryAfterSeconds: 2,
  },
  'refresh-missing': {
    status: 401,
    action: 'login',
    places: ['renew'],
    when: 'no refresh token',
    says: 'A refresh token is needed.',
    challenge: 'none',
  },
  'refresh-invalid': {
    status: 401,
    action: 'login',
    places: ['renew'],
    when: 'the refresh token is not one of ours, or was altered',
    says: 'The refresh token is not valid.',
    challenge: 'none',
  },
  'session-expired': {
    status: 401,
    action: 'login',
    places: ['renew'],
    when: 'the idle or the absolute lifetime of the session is over',
    says: 'This session has expired.',
    challenge: 'none',
  },
  'refresh-reused': {
    status: 401,
    action: 'login',
    places: ['renew'],
    when: 'an old refresh token was used again: it was stolen, and the session has ended',
    says: 'This session was ended because its refresh token was used twice.',
    challenge: 'none',
  },
  'credentials-invalid': {
    status: 401,
    action: 'login',
    places: ['log-in'],
    when: 'wrong e-mail or password',
    says: 'The e-mail address or the password is wrong.',
    challenge: 'none',
  },
  'password-change-required': {
    status: 403,
    action: 'login',
    places: ['log-in'],
    when: 'right password, but it must be changed: log in with `newPassword` beside it',
    says: 'The password must be changed first.',
  },
  'request-malformed': {
    status: 400,
    action: 'stop',
    places: ['any'],
    when: 'body, parameters or headers are wrong; `fields` says which',
    says: 'The request is not well formed.',
  },
  'origin-refused': {
    status: 403,
    action: 'stop',
    places: ['any'],
    when: 'a cookie came along with a request that another site made',
    says: 'Requests from other sites are not taken.',
  },
  'not-found': { status: 404, action: 'stop', places: ['any'], when: 'there is nothing here', says: 'Not found.' },
  conflict: {
    status: 409,
    action: 'stop',
    places: ['any'],
    when: 'it contradicts what is there, as an e-mail address already in use',
    says: 'This contradicts what is there already.',
  },
  'request-too-large': {
    status: 413,
    action: 'stop',
    places: ['any'],
    when: 'the body is over the limit',
    says: 'The request is too large.',
  },
  'media-type-unsupported': {
    status: 415,
    action: 'stop',
    places: ['any'],
    when: 'the body is not `application/json`',
    says: 'The body must be JSON.',
  },
  'rate-limited': {
    status: 429,
    action: 'retry',
    places: ['any'],
    when: 'too many tries',
    says: 'Too many tries.',
    retryAfterSeconds: 5,
  },
  'internal-error': {
    status: 500,
    action: 'retry',
    places: ['any'],
    when: 'a mistake of ours; the log knows more, under the request id',
    says: 'Something went wrong on our side.',
  },
  overloaded: {
    status: 503,
    action: 'retry',
    places: ['any'],
    when: 'more work is waiting than can be done in time',
    says: 'Too busy right now.',
    retryAfterSeconds: 2,
  },
  unavailable: {
    status: 503,
    action: 'retry',
    places: ['any'],
    when: 'what the answer depends on cannot be reached: the database, or the keys',
    says: 'Not available right now.',
    retryAfterSeconds: 2,
  },
  'precondition-failed': {
    status: 412,
    action: 'stop',
    places: ['admin'],
    when: 'it was changed since `If-Match` was read: read it again',
    says: 'It was changed in the meantime.',
  },
  'precondition-required': {
    status: 428,
    action: 'stop',
    places: ['admin'],
    when: 'this change needs `If-Match` with the `ETag` that was read',
    says: 'Say which version is to be changed.',
  },
  'confirmation-required': {
    status: 409,
    action: 'stop',
    places: ['admin'],
    when: 'it would hit the caller: repeat it with `"confirm": "myself"` if that is meant',
    says: 'This would hit yourself.',
  },
  'last-admin': {
    status: 409,
    action: 'stop',
    places: ['admin'],
    when: 'it would leave nobody who is an admin',
    says: 'The last admin stays.',
  },
  'client-invalid': {
    status: 401,
    action: 'stop',
    places: ['guards'],
    when: 'the service client or its secret is wrong',
    says: 'The client is not known.',
    challenge: 'basic',
  },
  'feed-changed': {
    status: 409,
    action: 'retry',
    places: ['guards'],
    when: 'the cursor is of another feed or ahead of this one: forget what you hold and begin again',
    says: 'The feed is another one now.',
  },
} as const satisfies Record<string, Row>

/** The `code` of a refusal. */
export type Outcome = keyof typeof outcomes

export const outcomeNames = Object.keys(outcomes) as Outcome[]

/** The row of an outcome, with its optional columns visible to the compiler. */
export function rowOf(outcome: Outcome): Row {
  return outcomes[outcome]
}
