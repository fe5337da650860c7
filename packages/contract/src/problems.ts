/** The table of problems: each refusal's code, status and action. OpenAPI, the README's table and the tests are made from it. */

/**
 * What the client does next. `renew`: obtain a new access token, then repeat the request once.
 * `login`: the session is over. `reauthenticate`: the user confirms the password, then the client
 * repeats the request with the new access token. `stop`: repeating the request cannot succeed.
 * `retry`: send the same request later.
 */
export const actions = ['renew', 'login', 'reauthenticate', 'stop', 'retry'] as const
export type Action = (typeof actions)[number]

/**
 * The `error` of a Bearer challenge (RFC 6750 section 3.1). `none` is a Bearer challenge without
 * `error`; `insufficient_user_authentication` is that of RFC 9470 section 3; `basic` is for service
 * clients.
 */
export type Challenge = 'none' | 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication' | 'basic'

/** Where a client can receive the problem. */
export type ProblemContext = 'guarded route' | 'renew' | 'log-in' | 'any' | 'admin' | 'guards'

/** One row of the table. */
export interface ProblemDefinition {
  status: number
  action: Action
  contexts: readonly ProblemContext[]
  /**
   * The condition under which it is sent: a phrase without a full stop. `detail` is made from it.
   */
  description: string
  /** The problem's `title` (RFC 9457 section 3.1.3): one sentence that can be shown to a user. */
  title: string
  /** The challenge in `WWW-Authenticate`. Every 401 has one (RFC 9110 section 11.6.1). */
  challenge?: Challenge
  /** The value of `Retry-After` in seconds, unless the refusal brings its own. */
  retryAfterSeconds?: number
}

/** The table. A code is part of the public interface: clients branch on it. */
export const problems = {
  'token-missing': {
    status: 401,
    action: 'renew',
    contexts: ['guarded route'],
    description: 'the request has no access token',
    title: 'An access token is required.',
    challenge: 'none',
  },
  'token-expired': {
    status: 401,
    action: 'renew',
    contexts: ['guarded route'],
    description: 'the access token has expired, or the rights of its account have changed',
    title: 'The access token has expired.',
    challenge: 'invalid_token',
  },
  'token-invalid': {
    status: 401,
    action: 'renew',
    contexts: ['guarded route'],
    description:
      'the access token is not a JWT, is not valid yet, or has a wrong signature, algorithm, type, issuer, audience or key',
    title: 'The access token is not valid here.',
    challenge: 'invalid_token',
  },
  'session-ended': {
    status: 401,
    action: 'login',
    contexts: ['guarded route', 'renew'],
    description:
      'the session was logged out or revoked, or reuse of its refresh token was detected; at renewal also when the account is disabled or deleted',
    title: 'This session is over.',
    challenge: 'invalid_token',
  },
  'account-disabled': {
    status: 403,
    action: 'stop',
    contexts: ['guarded route', 'log-in'],
    description: 'the account is disabled or deleted; the token or password itself is correct',
    title: 'This account is disabled.',
  },
  'insufficient-scope': {
    status: 403,
    action: 'stop',
    contexts: ['guarded route'],
    description: 'the token lacks a scope or role that this route requires; the session stays active',
    title: 'The access token lacks a required permission.',
    challenge: 'insufficient_scope',
  },
  'reauthentication-required': {
    status: 401,
    action: 'reauthenticate',
    contexts: ['guarded route', 'admin'],
    description: 'the last log-in is older than this route allows; the session stays active',
    title: 'Confirm your password to continue.',
    challenge: 'insufficient_user_authentication',
  },
  'revocation-unknown': {
    status: 503,
    action: 'retry',
    contexts: ['guarded route'],
    description: 'the lease of the guard has ended, so it does not know whether the session is still active',
    title: 'The state of this session is not known at the moment.',
    retryAfterSeconds: 2,
  },
  'refresh-missing': {
    status: 401,
    action: 'login',
    contexts: ['renew'],
    description: 'the request has no refresh token; a browser sends its cookie only below `COOKIE_PATH`',
    title: 'A refresh token is required.',
    challenge: 'none',
  },
  'refresh-invalid': {
    status: 401,
    action: 'login',
    contexts: ['renew'],
    description: 'the refresh token was altered, or this service did not issue it',
    title: 'The refresh token is not valid.',
    challenge: 'none',
  },
  'session-expired': {
    status: 401,
    action: 'login',
    contexts: ['renew'],
    description: 'the idle or the absolute lifetime of the session has ended',
    title: 'This session has expired.',
    challenge: 'none',
  },
  'refresh-reused': {
    status: 401,
    action: 'login',
    contexts: ['renew'],
    description: 'an older refresh token was presented again (reuse), so the session was ended',
    title: 'This session was ended because an older refresh token was presented again.',
    challenge: 'none',
  },
  'credentials-invalid': {
    status: 401,
    action: 'login',
    contexts: ['log-in'],
    description: 'the e-mail address or the password is wrong',
    title: 'The e-mail address or the password is wrong.',
    challenge: 'none',
  },
  'password-change-required': {
    status: 403,
    action: 'login',
    contexts: ['log-in'],
    description: 'the password is correct but must be changed: log in again with `newPassword` added',
    title: 'The password must be changed before log-in.',
  },
  'password-expired': {
    status: 403,
    action: 'stop',
    contexts: ['log-in'],
    description: 'the initial password or reset code is correct but has expired: an administrator issues a reset code',
    title: 'This initial password or reset code has expired.',
  },
  'known-device-required': {
    status: 403,
    action: 'stop',
    contexts: ['log-in'],
    description:
      'too many wrong passwords for this account: log in from a device that was used before, or with a reset code',
    title: 'Log in from a device that was used before, or with a reset code.',
  },
  'password-wrong': {
    status: 403,
    action: 'stop',
    contexts: ['log-in'],
    description: 'the current password is wrong; `fields` names it, and the session continues',
    title: 'The current password is wrong.',
  },
  'request-malformed': {
    status: 400,
    action: 'stop',
    contexts: ['any'],
    description: 'the body, a parameter or a header is wrong; `fields` names it',
    title: 'The request is not well formed.',
  },
  'origin-refused': {
    status: 403,
    action: 'stop',
    contexts: ['any'],
    description: 'the request carries a session cookie and comes from another site',
    title: 'Requests from other sites are not accepted.',
  },
  'not-found': {
    status: 404,
    action: 'stop',
    contexts: ['any'],
    description: 'the resource does not exist',
    title: 'Not found.',
  },
  'method-not-allowed': {
    status: 405,
    action: 'stop',
    contexts: ['any'],
    description: 'the path does not have this method; `Allow` names those that it has',
    title: 'This method is not available here.',
  },
  conflict: {
    status: 409,
    action: 'stop',
    contexts: ['any'],
    description: 'the request conflicts with existing data, for example an e-mail address that is already in use',
    title: 'The request conflicts with existing data.',
  },
  'idempotency-key-reused': {
    status: 422,
    action: 'stop',
    contexts: ['any'],
    description: 'the `Idempotency-Key` came with another request before',
    title: 'This Idempotency-Key belongs to another request.',
  },
  'request-too-large': {
    status: 413,
    action: 'stop',
    contexts: ['any'],
    description: 'the body or the headers are larger than the limit',
    title: 'The request is too large.',
  },
  'media-type-unsupported': {
    status: 415,
    action: 'stop',
    contexts: ['any'],
    description: 'the body is not `application/json`',
    title: 'The body must be JSON.',
  },
  'rate-limited': {
    status: 429,
    action: 'retry',
    contexts: ['any'],
    description: 'too many requests or failed attempts; `Retry-After` says when to try again',
    title: 'Too many attempts.',
    retryAfterSeconds: 5,
  },
  'internal-error': {
    status: 500,
    action: 'retry',
    contexts: ['any'],
    description: 'an error in the service; its log has the details under the request id',
    title: 'The service failed to process the request.',
  },
  overloaded: {
    status: 503,
    action: 'retry',
    contexts: ['any'],
    description: 'the service has more work queued than it can do in time',
    title: 'The service is overloaded.',
    retryAfterSeconds: 2,
  },
  unavailable: {
    status: 503,
    action: 'retry',
    contexts: ['any'],
    description: 'the service cannot reach its database or the public keys',
    title: 'The service is not available at the moment.',
    retryAfterSeconds: 2,
  },
  'precondition-failed': {
    status: 412,
    action: 'stop',
    contexts: ['admin'],
    description: 'the resource has changed since its `ETag` was read: read it again',
    title: 'The resource has changed in the meantime.',
  },
  'precondition-required': {
    status: 428,
    action: 'stop',
    contexts: ['admin'],
    description: 'the request needs `If-Match` with the `ETag` of the resource',
    title: 'The request must name the version to change.',
  },
  'confirmation-required': {
    status: 409,
    action: 'stop',
    contexts: ['admin'],
    description: 'the action affects the account of the caller: repeat it with `"confirm": "myself"` to confirm',
    title: 'This action affects your own account.',
  },
  'last-admin': {
    status: 409,
    action: 'stop',
    contexts: ['admin'],
    description: 'the action would leave no active admin',
    title: 'The last admin cannot be removed.',
  },
  'client-invalid': {
    status: 401,
    action: 'stop',
    contexts: ['guards'],
    description: 'the id or the secret of the service client is wrong',
    title: 'The service client is not known or its secret is wrong.',
    challenge: 'basic',
  },
  'feed-changed': {
    status: 409,
    action: 'retry',
    contexts: ['guards'],
    description: 'the cursor belongs to another feed or is ahead of this one: discard all entries and start again',
    title: 'The feed has been replaced.',
  },
} as const satisfies Record<string, ProblemDefinition>

/** The `code` of a problem. */
export type ProblemCode = keyof typeof problems

/** All codes, in the order of the table. */
export const problemCodes = Object.keys(problems) as ProblemCode[]

/**
 * The row of a problem, typed so that its optional columns are visible to the compiler.
 * @param code a code of the table
 * @returns its status, action, title and the rest
 * @example
 * problemDefinition('token-expired').action // 'renew'
 */
export function problemDefinition(code: ProblemCode): ProblemDefinition {
  return problems[code]
}
