/** Settings of passwords, reset codes and recent log-ins. */
import { integer } from '@gatehouse/settings'

const day = 24 * 3600

export const passwordSettings = {
  PASSWORD_MIN_LENGTH: integer(15, [8, 64], {
    about: 'Minimum length of a new password in characters',
    why: 'NIST SP 800-63B-4 requires 15 where the password is the only factor.',
  }),
  RESET_CODE_SECONDS: integer(day, [60, 7 * day], {
    about: 'How long a reset code, or an initial password that must be changed, can be used',
    why: 'The user can act within a day; a forgotten code is worthless afterwards (OWASP ASVS 6.4.1).',
  }),
  RECENT_LOGIN_SECONDS: integer(900, [1, 30 * day], {
    about:
      'How old the log-in of a user may be for sensitive admin actions: rights, secrets, keys, ending every session',
    why: 'A session left open for longer cannot grant rights; the user confirms the password (RFC 9470).',
  }),
  PASSWORD_THREADS: integer(2, [1, 64], {
    about: 'Number of threads that hash passwords',
    why: 'One per core; while renewals arrive, one core is left to them.',
  }),
  PASSWORD_QUEUE: integer(64, [0, 10_000], {
    about: 'Maximum number of passwords that wait for a thread',
    why: 'Beyond it the response is an immediate 503 instead of a later time-out.',
  }),
}
