/** Generated from packages/contract by scripts/generateProblems.mjs: status, action and title of each problem. */

/** A bundle has the table only where it is read. @__NO_SIDE_EFFECTS__ */
function row<Status extends number, Action extends string>(status: Status, action: Action, title: string) {
  return { status, action, title }
}

export const problems = {
  'token-missing': row(401, 'renew', 'An access token is required.'),
  'token-expired': row(401, 'renew', 'The access token has expired.'),
  'token-invalid': row(401, 'renew', 'The access token is not valid here.'),
  'session-ended': row(401, 'login', 'This session is over.'),
  'account-disabled': row(403, 'stop', 'This account is disabled.'),
  'insufficient-scope': row(403, 'stop', 'The access token lacks a required permission.'),
  'reauthentication-required': row(401, 'reauthenticate', 'Confirm your password to continue.'),
  'revocation-unknown': row(503, 'retry', 'The state of this session is not known at the moment.'),
  'refresh-missing': row(401, 'login', 'A refresh token is required.'),
  'refresh-invalid': row(401, 'login', 'The refresh token is not valid.'),
  'session-expired': row(401, 'login', 'This session has expired.'),
  'refresh-reused': row(401, 'login', 'This session was ended because an older refresh token was presented again.'),
  'credentials-invalid': row(401, 'login', 'The e-mail address or the password is wrong.'),
  'password-change-required': row(403, 'login', 'The password must be changed before log-in.'),
  'password-expired': row(403, 'stop', 'This initial password or reset code has expired.'),
  'known-device-required': row(403, 'stop', 'Log in from a device that was used before, or with a reset code.'),
  'password-wrong': row(403, 'stop', 'The current password is wrong.'),
  'request-malformed': row(400, 'stop', 'The request is not well formed.'),
  'origin-refused': row(403, 'stop', 'Requests from other sites are not accepted.'),
  'not-found': row(404, 'stop', 'Not found.'),
  'method-not-allowed': row(405, 'stop', 'This method is not available here.'),
  conflict: row(409, 'stop', 'The request conflicts with existing data.'),
  'idempotency-key-reused': row(422, 'stop', 'This Idempotency-Key belongs to another request.'),
  'request-too-large': row(413, 'stop', 'The request is too large.'),
  'media-type-unsupported': row(415, 'stop', 'The body must be JSON.'),
  'rate-limited': row(429, 'retry', 'Too many attempts.'),
  'internal-error': row(500, 'retry', 'The service failed to process the request.'),
  overloaded: row(503, 'retry', 'The service is overloaded.'),
  unavailable: row(503, 'retry', 'The service is not available at the moment.'),
  'precondition-failed': row(412, 'stop', 'The resource has changed in the meantime.'),
  'precondition-required': row(428, 'stop', 'The request must name the version to change.'),
  'confirmation-required': row(409, 'stop', 'This action affects your own account.'),
  'last-admin': row(409, 'stop', 'The last admin cannot be removed.'),
  'client-invalid': row(401, 'stop', 'The service client is not known or its secret is wrong.'),
  'feed-changed': row(409, 'retry', 'The feed has been replaced.'),
}

/** The `code` of a problem. */
export type ProblemCode = keyof typeof problems

/**
 * What the client does next. `renew`: get a new access token, then repeat the request once. `login`: the session is over.
 * `reauthenticate`: confirm the password, then repeat the request. `stop`: repeating does not help. `retry`: the same request later.
 */
export type Action = (typeof problems)[ProblemCode]['action']
