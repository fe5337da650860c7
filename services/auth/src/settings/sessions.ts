/** Settings of sessions: lifetimes, number and renewal. */
import { integer, oneOf } from '@gatehouse/settings'

const hour = 3600
const day = 24 * hour

export const sessionSettings = {
  SESSION_SECONDS: integer({
    about: 'Absolute lifetime of a session with `remember: true`',
    fallback: String(30 * day),
    min: 1,
    max: 400 * day,
    why: 'NIST SP 800-63B-4 requires a new log-in after 30 days at the latest (AAL1).',
  }),
  SESSION_IDLE_SECONDS: integer({
    about: 'Idle time after which a session with `remember: true` expires',
    fallback: String(14 * day),
    min: 1,
    max: 400 * day,
    why: 'Ends the sessions of devices that are no longer used.',
  }),
  SHORT_SESSION_SECONDS: integer({
    about: 'Absolute lifetime of a session with `remember: false`',
    fallback: String(12 * hour),
    min: 1,
    max: 30 * day,
    why: 'Covers a working day.',
  }),
  SHORT_SESSION_IDLE_SECONDS: integer({
    about: 'Idle time after which a session with `remember: false` expires',
    fallback: String(2 * hour),
    min: 1,
    max: 30 * day,
    why: 'Protects a session that is left open on a shared computer.',
  }),
  SESSIONS_PER_ACCOUNT: integer({
    about: 'Maximum number of active sessions of one account; a log-in beyond it ends the oldest. 0 sets no limit',
    fallback: '0',
    min: 0,
    max: 10000,
    why: 'Most applications let a user have any number of devices; a limit bounds what a leaked password can open.',
  }),
  RETRY_WINDOW_MS: integer({
    about: 'Retry window: how long after its first use a refresh token still returns the same successor',
    fallback: '30000',
    min: 0,
    max: 300000,
    why: 'A client retries a lost response within it; reuse after it ends the session.',
  }),
  ON_SHARED_SESSION: oneOf<'report' | 'end'>({
    about: 'What happens when repeated renewals show that two clients hold the refresh token of a session',
    fallback: 'report',
    choices: ['report', 'end'],
    why: 'The evidence is circumstantial; `session.shared` in the audit log reports it.',
  }),
}
