/** Generated from packages/contract by scripts/generateProblems.mjs: status, action and title of each problem. */

export const problems = {
  'token-missing': { status: 401, action: 'renew', title: 'An access token is needed.' },
  'token-expired': { status: 401, action: 'renew', title: 'The access token has expired.' },
  'token-invalid': { status: 401, action: 'renew', title: 'The access token is not valid here.' },
  'session-ended': { status: 401, action: 'login', title: 'This session is over.' },
  'account-disabled': { status: 403, action: 'stop', title: 'This account may not be used.' },
  'insufficient-scope': {
    status: 403,
    action: 'stop',
    title: 'This needs a permission that the token does not carry.',
  },
  'revocation-unknown': { status: 503, action: 'retry', title: 'Cannot tell yet whether this session stands.' },
  'refresh-missing': { status: 401, action: 'login', title: 'A refresh token is needed.' },
  'refresh-invalid': { status: 401, action: 'login', title: 'The refresh token is not valid.' },
  'session-expired': { status: 401, action: 'login', title: 'This session has expired.' },
  'refresh-reused': {
    status: 401,
    action: 'login',
    title: 'This session was ended because its refresh token was used twice.',
  },
  'credentials-invalid': { status: 401, action: 'login', title: 'The e-mail address or the password is wrong.' },
  'password-change-required': { status: 403, action: 'login', title: 'The password must be changed first.' },
  'request-malformed': { status: 400, action: 'stop', title: 'The request is not well formed.' },
  'origin-refused': { status: 403, action: 'stop', title: 'Requests from other sites are not taken.' },
  'not-found': { status: 404, action: 'stop', title: 'Not found.' },
  conflict: { status: 409, action: 'stop', title: 'This contradicts what is there already.' },
  'request-too-large': { status: 413, action: 'stop', title: 'The request is too large.' },
  'media-type-unsupported': { status: 415, action: 'stop', title: 'The body must be JSON.' },
  'rate-limited': { status: 429, action: 'retry', title: 'Too many tries.' },
  'internal-error': { status: 500, action: 'retry', title: 'Something went wrong on our side.' },
  overloaded: { status: 503, action: 'retry', title: 'Too busy right now.' },
  unavailable: { status: 503, action: 'retry', title: 'Not available right now.' },
  'precondition-failed': { status: 412, action: 'stop', title: 'It was changed in the meantime.' },
  'precondition-required': { status: 428, action: 'stop', title: 'Say which version is to be changed.' },
  'confirmation-required': { status: 409, action: 'stop', title: 'This would hit yourself.' },
  'last-admin': { status: 409, action: 'stop', title: 'The last admin stays.' },
  'client-invalid': { status: 401, action: 'stop', title: 'The client is not known.' },
  'feed-changed': { status: 409, action: 'retry', title: 'The feed is another one now.' },
} as const

/** The `code` of a problem. */
export type ProblemCode = keyof typeof problems

/**
 * What the client does next. `renew`: get a new access token, then repeat the request once. `login`: the session is over.
 * `stop`: repeating does not help. `retry`: the same request later.
 */
export type Action = (typeof problems)[ProblemCode]['action']
