/** Settings of passwords, reset codes and recent log-ins. */
import { integer } from '@gatehouse/settings'

const day = 24 * 3600

export const passwordSettings = {
  PASSWORD_MIN_LENGTH: integer({
    about: 'Minimum length of a new password in characters',
    fallback: '15',
    min: 8,
    max: 64,
    why: 'NIST SP 800-63B-4 requires 15 where the password is the only factor.',
  }),
  RESET_CODE_SECONDS: integer({
    about: 'How long a reset code, or an initial password that must be changed, can be used',
    fallback: String(day),
    min: 60,
    max: 7 * day,
    why: 'The user can act within a day; a forgotten code is worthless afterwards (OWASP ASVS 6.4.1).',
  }),
  RECENT_LOGIN_SECONDS: integer({
    about: 'How old the log-in of a user may be for admin actions of weight: rights, secrets, ending every session',
    fallback: '900',
    min: 1,
    max: 30 * day,
    why: 'A session left open for longer cannot grant rights; the user confirms the password (RFC 9470).',
  }),
  PASSWORD_THREADS: integer({
    about: 'Number of threads that hash passwords',
    fallback: '2',
    min: 1,
    max: 64,
    why: 'One per core; while renewals arrive, one core is left to them.',
  }),
  PASSWORD_QUEUE: integer({
    about: 'Maximum number of passwords that wait for a thread',
    fallback: '64',
    min: 0,
    max: 10000,
    why: 'Beyond it the response is an immediate 503 instead of a later time-out.',
  }),
}
