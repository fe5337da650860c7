/** What a user can do about each problem. The title comes with the problem, word for word from the table. */
import { type Action, isProblem, type ProblemCode } from '@gatehouse/client'

/** Where an action leads when the code has no sentence of its own. */
const byAction: Record<Action, string> = {
  renew: 'Reload the page.',
  login: 'Log in again.',
  stop: 'Change the request, or ask an administrator.',
  retry: 'The page tries again by itself.',
  reauthenticate: 'Enter your password to go on.',
}

const byCode: Partial<Record<ProblemCode, string>> = {
  'session-ended': 'It was ended on another device or by an administrator. Log in again to go on.',
  'session-expired': 'It was not used for too long. Log in again to go on.',
  'refresh-reused': 'Another program may have a copy of this session. Log in again, then look through your devices.',
  'account-disabled': 'An administrator can enable it.',
  'credentials-invalid': 'Check both and try again. An administrator can issue a reset code.',
  'password-change-required': 'Choose a new password below.',
  'password-expired': 'Ask an administrator for a reset code.',
  'known-device-required': 'Use a device that was logged in before. An administrator can issue a reset code.',
  'password-wrong': 'Nothing was changed. Try again.',
  'rate-limited': 'Wait a minute, then try again.',
  'insufficient-scope': 'An administrator can grant it.',
  'not-found': 'It may have been deleted. Go back to the list.',
  'precondition-failed': 'Nothing was changed. Compare below, then decide again.',
  'request-malformed': 'Nothing was changed. Correct what is named here, then try again.',
  'request-too-large': 'Nothing was changed. Shorten what you entered, then try again.',
  'origin-refused': 'Open this page at the address of the auth service itself.',
  'precondition-required': 'This page is older than the service. Reload it.',
  'method-not-allowed': 'This page is older than the service. Reload it.',
  'media-type-unsupported': 'This page is older than the service. Reload it.',
  'idempotency-key-reused':
    'Something was sent already with this form. Reload the page, then look whether it is there.',
  'client-invalid': 'Check the client, or rotate its secret.',
  'last-admin': 'Give the role admin to another account first.',
  'confirmation-required': 'Type “myself” to confirm.',
  conflict: 'Choose another value.',
  'internal-error': 'Try again. If it happens again, the log has the details under this request id.',
}

export interface ErrorText {
  title: string
  next: string
  requestId?: string
  fields?: readonly { field: string; reason: string }[]
}

export function errorText(error: unknown): ErrorText {
  if (!isProblem(error)) {
    return { title: 'The auth service does not answer.', next: 'The page tries again by itself. You stay signed in.' }
  }
  const { title, action, requestId, fields } = error.problem
  return {
    title,
    next: byCode[error.code] ?? byAction[action],
    requestId,
    ...(fields ? { fields } : {}),
  }
}

/** The titles of the codes that end a session, in the words of the table: its problem was answered to another request. */
const endings: Partial<Record<string, string>> = {
  'session-ended': 'This session is over.',
  'session-expired': 'This session has expired.',
  'refresh-reused': 'This session was ended because an older refresh token was presented again.',
  'account-disabled': 'This account is disabled.',
}

/** The same for the code that ended a session. */
export function endedText(code: string): ErrorText {
  return { title: endings[code] ?? 'This session is over.', next: byCode[code as ProblemCode] ?? 'Log in again.' }
}
