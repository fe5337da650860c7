/** Settings of sessions: lifetimes, number and renewal. */
import { integer, oneOf } from '@gatehouse/settings'

const hour = 3600
const day = 24 * hour

export const sessionSettings = {
  SESSION_SECONDS: integer(30 * day, [1, 400 * day], {
    about: 'Absolute lifetime of a session with `remember: true`',
    why: 'NIST SP 800-63B-4 requires a new log-in after 30 days at the latest (AAL1).',
  }),
  SESSION_IDLE_SECONDS: integer(14 * day, [1, 400 * day], {
    about: 'Idle time after which a session with `remember: true` expires',
    why: 'Ends the sessions of devices that are no longer used.',
  }),
  SHORT_SESSION_SECONDS: integer(12 * hour, [1, 30 * day], {
    about: 'Absolute lifetime of a session with `remember: false`',
    why: 'Covers a working day.',
  }),
  SHORT_SESSION_IDLE_SECONDS: integer(2 * hour, [1, 30 * day], {
    about: 'Idle time after which a session with `remember: false` expires',
    why: 'Protects a session that is left open on a shared computer.',
  }),
  SESSIONS_PER_ACCOUNT: integer(0, [0, 10_000], {
    about: 'Maximum number of active sessions of one account; a log-in beyond it ends the oldest. 0 sets no limit',
    why: 'Most applications let a user have any number of devices; a limit bounds what a leaked password can open.',
  }),
  RETRY_WINDOW_MS: integer(30_000, [0, 300_000], {
    about: 'Retry window: how long after its first use a refresh token still returns the same successor',
    why: 'A client retries a lost response within it; reuse after it ends the session.',
  }),
  ON_SHARED_SESSION: oneOf<'report' | 'end'>({
    about: 'What happens when repeated renewals show that two clients hold the refresh token of a session',
    fallback: 'report',
    choices: ['report', 'end'],
    why: 'The evidence is circumstantial; `session.shared` in the audit log reports it.',
  }),
}
