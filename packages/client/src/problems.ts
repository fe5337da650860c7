/** Generated from packages/contract by scripts/generateProblems.mjs: status, action and title of each problem. */

export const problems = {
  'token-missing': { status: 401, action: 'renew', title: 'An access token is required.' },
  'token-expired': { status: 401, action: 'renew', title: 'The access token has expired.' },
  'token-invalid': { status: 401, action: 'renew', title: 'The access token is not valid here.' },
  'session-ended': { status: 401, action: 'login', title: 'This session is over.' },
  'account-disabled': { status: 403, action: 'stop', title: 'This account is disabled.' },
  'insufficient-scope': { status: 403, action: 'stop', title: 'The access token lacks a required permission.' },
  'reauthentication-required': { status: 401, action: 'reauthenticate', title: 'Confirm your password to continue.' },
  'revocation-unknown': {
    status: 503,
    action: 'retry',
    title: 'The state of this session is not known at the moment.',
  },
  'refresh-missing': { status: 401, action: 'login', title: 'A refresh token is required.' },
  'refresh-invalid': { status: 401, action: 'login', title: 'The refresh token is not valid.' },
  'session-expired': { status: 401, action: 'login', title: 'This session has expired.' },
  'refresh-reused': {
    status: 401,
    action: 'login',
    title: 'This session was ended because an older refresh token was presented again.',
  },
  'credentials-invalid': { status: 401, action: 'login', title: 'The e-mail address or the password is wrong.' },
  'password-change-required': { status: 403, action: 'login', title: 'The password must be changed before log-in.' },
  'password-expired': { status: 403, action: 'stop', title: 'This initial password or reset code has expired.' },
  'known-device-required': {
    status: 403,
    action: 'stop',
    title: 'Log in from a device that was used before, or with a reset code.',
  },
  'password-wrong': { status: 403, action: 'stop', title: 'The current password is wrong.' },
  'request-malformed': { status: 400, action: 'stop', title: 'The request is not well formed.' },
  'origin-refused': { status: 403, action: 'stop', title: 'Requests from other sites are not accepted.' },
  'not-found': { status: 404, action: 'stop', title: 'Not found.' },
  'method-not-allowed': { status: 405, action: 'stop', title: 'This method is not available here.' },
  conflict: { status: 409, action: 'stop', title: 'The request conflicts with existing data.' },
  'idempotency-key-reused': { status: 422, action: 'stop', title: 'This Idempotency-Key belongs to another request.' },
  'request-too-large': { status: 413, action: 'stop', title: 'The request is too large.' },
  'media-type-unsupported': { status: 415, action: 'stop', title: 'The body must be JSON.' },
  'rate-limited': { status: 429, action: 'retry', title: 'Too many attempts.' },
  'internal-error': { status: 500, action: 'retry', title: 'The service failed to process the request.' },
  overloaded: { status: 503, action: 'retry', title: 'The service is overloaded.' },
  unavailable: { status: 503, action: 'retry', title: 'The service is not available at the moment.' },
  'precondition-failed': { status: 412, action: 'stop', title: 'The resource has changed in the meantime.' },
  'precondition-required': { status: 428, action: 'stop', title: 'The request must name the version to change.' },
  'confirmation-required': { status: 409, action: 'stop', title: 'This action affects your own account.' },
  'last-admin': { status: 409, action: 'stop', title: 'The last admin cannot be removed.' },
  'client-invalid': { status: 401, action: 'stop', title: 'The service client is not known or its secret is wrong.' },
  'feed-changed': { status: 409, action: 'retry', title: 'The feed has been replaced.' },
} as const

/** The `code` of a problem. */
export type ProblemCode = keyof typeof problems

/**
 * What the client does next. `renew`: get a new access token, then repeat the request once. `login`: the session is over.
 * `stop`: repeating does not help. `retry`: the same request later.
 */
export type Action = (typeof problems)[ProblemCode]['action']
