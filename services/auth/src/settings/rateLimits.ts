/** Settings of the limits on failures and calls. */
import { integer } from '@gatehouse/settings'

export const rateLimitSettings = {
  LOGIN_FAILURES: integer({
    about: 'Wrong passwords for one account from one address per 15 minutes',
    fallback: '10',
    min: 1,
    max: 100000,
    why: 'Stops guessing without locking out other addresses.',
  }),
  ADDRESS_FAILURES: integer({
    about: 'Wrong passwords from one address per 15 minutes',
    fallback: '100',
    min: 1,
    max: 1000000,
    why: 'Stops guessing for many accounts; high enough for an office behind one address.',
  }),
  ACCOUNT_FAILURES: integer({
    about: 'Wrong passwords for one account from all unknown devices, until a log-in succeeds',
    fallback: '100',
    min: 10,
    max: 1000000,
    why: 'Beyond it only known devices and reset codes are accepted (NIST SP 800-63B-4 section 3.2.2).',
  }),
  ADMIN_CALLS: integer({
    about: 'Admin calls of one user or service client per minute',
    fallback: '600',
    min: 1,
    max: 1000000,
    why: 'Protects the database from a script in a loop.',
  }),
  RENEW_FAILURES: integer({
    about: 'Refused renewals of one session, or with invalid tokens from one address, per minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A client in a loop costs no statement; successful renewals are not counted.',
  }),
  CLIENT_FAILURES: integer({
    about: 'Wrong client secrets from one address per minute',
    fallback: '30',
    min: 1,
    max: 1000000,
    why: 'A flood of guesses costs no statement; secrets that were right before are not limited.',
  }),
}
